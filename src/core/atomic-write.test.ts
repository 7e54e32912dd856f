import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { makeFolder, syncFolder, writeFailure, writeFileAtomic } from "./atomic-write.ts";
import { RunError } from "./errors.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sweepstake-atomic-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: it failed`), { code });
}

describe("writeFileAtomic", () => {
  it("writes text as UTF-8 and bytes as they are, into folders that it makes", () => {
    const path = join(folder, "a/b/c.txt");
    writeFileAtomic(path, "größe");
    expect(readFileSync(path)).toEqual(Buffer.from([0x67, 0x72, 0xc3, 0xb6, 0xc3, 0x9f, 0x65]));
    writeFileAtomic(path, Uint8Array.of(0, 255, 10));
    expect(readFileSync(path)).toEqual(Buffer.from([0, 255, 10]));
    writeFileAtomic(path, "");
    expect(statSync(path).size).toBe(0);
    expect(readdirSync(join(folder, "a/b"))).toEqual(["c.txt"]);
  });

  it("writes only the bytes of a view", () => {
    const path = join(folder, "part");
    writeFileAtomic(path, Uint8Array.of(1, 2, 3, 4).subarray(1, 3));
    expect(readFileSync(path)).toEqual(Buffer.from([2, 3]));
  });

  it("makes a new file and leaves the old one to those who read it", () => {
    const path = join(folder, "x");
    writeFileAtomic(path, "old");
    const before = statSync(path).ino;
    writeFileAtomic(path, "new");
    expect(statSync(path).ino).not.toBe(before);
  });

  it("keeps the old content and leaves nothing behind when it fails", () => {
    const path = join(folder, "x");
    mkdirSync(join(path, "occupied"), { recursive: true }); // a rename onto a folder that is not empty fails
    expect(() => writeFileAtomic(path, "new")).toThrow(RunError);
    expect(() => writeFileAtomic(path, "new")).toThrow(`cannot write ${path}: E`);
    expect(readdirSync(folder)).toEqual(["x"]);
    expect(readdirSync(path)).toEqual(["occupied"]);
  });
});

describe("syncFolder", () => {
  it("works on a folder and fails on none", () => {
    expect(() => syncFolder(folder)).not.toThrow();
    expect(() => syncFolder(join(folder, "none"))).toThrow("ENOENT");
  });
});

describe("writeFailure", () => {
  it.each([
    [
      "ENOSPC",
      "the disk is full: free some space or choose another folder with --out, then run the same command again",
    ],
    ["EDQUOT", "the disk quota is used up: free some space or choose another folder with --out, then run again"],
    ["EACCES", "no permission to write there: choose another folder with --out"],
    ["EROFS", "the file system is read-only: choose another folder with --out"],
  ])("tells what to do about %s", (code, hint) => {
    expect(writeFailure("/a/b", systemError(code)).message).toBe(
      `cannot write /a/b: ${code}: it failed\n  hint: ${hint}`,
    );
  });

  it("names the cause of anything else, and keeps it", () => {
    const cause = systemError("EBADF");
    expect(writeFailure("/a/b", cause).message).toBe("cannot write /a/b: EBADF: it failed");
    expect(writeFailure("/a/b", cause).cause).toBe(cause);
    expect(writeFailure("/a/b", "odd").message).toBe("cannot write /a/b: odd");
  });

  it.each([
    ["EIO", "the disk or the network file system fails"],
    ["EMFILE", "too many open files"],
    ["EFBIG", "larger than the file system"],
    ["ENAMETOOLONG", "choose a shorter name"],
  ])("has a hint for %s", (code, hint) => {
    expect(writeFailure("/a", systemError(code)).message).toContain(hint);
  });

  it("knows a used-up quota by its number, for which libuv has no name", () => {
    const cause = Object.assign(new Error("Unknown system error -122, write"), {
      code: "Unknown system error -122",
      errno: -122,
    });
    expect(writeFailure("/a", cause).message).toContain("the disk quota is used up");
  });

  it("leaves an error that is worded already as it is", () => {
    const inner = writeFailure("/a/b/c", systemError("ENOSPC"));
    expect(writeFailure("/a", inner)).toBe(inner);
  });
});

describe("makeFolder", () => {
  it("makes a folder and those above it, and ends where none can be made", () => {
    makeFolder(join(folder, "a", "b", "c"));
    makeFolder(join(folder, "a", "b", "c"));
    expect(existsSync(join(folder, "a", "b", "c"))).toBe(true);
    writeFileSync(join(folder, "file"), "");
    for (const impossible of [join(folder, "file", "x"), "/proc/none/x/y", "/dev/null/x"])
      expect(() => makeFolder(impossible)).toThrow(/ENOTDIR|ENOENT|EEXIST|EACCES/);
  });
});
