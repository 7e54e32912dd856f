import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { dataSets } from "./catalog.ts";
import { dataStatus, locateData } from "./locate.ts";

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "sweepstake-locate-"));
  vi.stubEnv("HOME", join(root, "home"));
  vi.stubEnv("SWEEPSTAKE_DATA", undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true });
});

/** A folder below the temporary one with empty files of a data set's names. */
function fake(name: string, folder: string, leaveOut: readonly string[] = [], ending = ""): string {
  const path = join(root, folder);
  mkdirSync(path, { recursive: true });
  for (const file of dataSets.get(name).files)
    if (!leaveOut.includes(file)) writeFileSync(join(path, file + ending), "");
  return path;
}

describe("locateData", () => {
  it("takes a path to the folder itself, whatever its name, or to its parent", () => {
    const official = fake("cifar10", "a/cifar-10-batches-bin");
    expect(locateData({ name: "cifar10", path: official })).toBe(official);
    expect(locateData({ name: "cifar10", path: `${official}/` })).toBe(official);
    expect(locateData({ name: "cifar10", path: join(root, "a") })).toBe(official);
    const renamed = fake("cifar100", "b/mine");
    expect(locateData({ name: "cifar100", path: renamed })).toBe(renamed);
  });

  it("expands ~/ in a path", () => {
    const folder = fake("mnist", "home/sets/mnist", [], ".gz");
    expect(locateData({ name: "mnist", path: "~/sets" })).toBe(folder);
  });

  it("prefers SWEEPSTAKE_DATA to the home folder, and takes the home folder when it is not set or lacks the set", () => {
    const home = fake("cifar10", "home/.sweepstake/data/cifar-10-batches-bin");
    expect(locateData({ name: "cifar10" })).toBe(home);
    vi.stubEnv("SWEEPSTAKE_DATA", join(root, "variable"));
    expect(locateData({ name: "cifar10" })).toBe(home);
    const variable = fake("cifar10", "variable/cifar-10-batches-bin");
    expect(locateData({ name: "cifar10" })).toBe(variable);
  });

  it("does not take MNIST in SWEEPSTAKE_DATA itself, nor Fashion-MNIST beside it, for MNIST", () => {
    vi.stubEnv("SWEEPSTAKE_DATA", fake("mnist", "variable"));
    fake("fashion-mnist", "variable/fashion-mnist");
    expect(() => locateData({ name: "mnist" })).toThrow("cannot find the files of MNIST");
  });

  it("finds Debian's Fashion-MNIST after SWEEPSTAKE_DATA", () => {
    expect(locateData({ name: "fashion-mnist" })).toBe("/usr/share/datasets/fashion-mnist");
    vi.stubEnv("SWEEPSTAKE_DATA", root);
    const own = fake("fashion-mnist", "fashion-mnist");
    expect(locateData({ name: "fashion-mnist" })).toBe(own);
  });

  it("looks nowhere but at the path when one is given", () => {
    fake("cifar10", "home/.sweepstake/data/cifar-10-batches-bin");
    expect(() => locateData({ name: "cifar10", path: join(root, "elsewhere") })).toThrow(
      "data.path: cannot find the files of CIFAR-10; looked in\n" +
        `    ${root}/elsewhere/cifar-10-batches-bin: no such folder\n` +
        `    ${root}/elsewhere: no such folder\n` +
        "  hint: Download the binary version, cifar-10-binary.tar.gz, from https://www.cs.toronto.edu/~kriz/cifar.html and " +
        "unpack it there (tar -xzf cifar-10-binary.tar.gz makes the folder cifar-10-batches-bin). " +
        "Then let data.path name that folder, or leave data.path out to search the usual places",
    );
  });

  it("lists every usual place with its reason, and the fix", () => {
    vi.stubEnv("SWEEPSTAKE_DATA", join(root, "variable"));
    fake("cifar100", "variable/cifar-100-binary", ["test.bin"]);
    expect(() => locateData({ name: "cifar100" })).toThrow(
      "data: cannot find the files of CIFAR-100; looked in\n" +
        `    ${root}/variable/cifar-100-binary: lacks test.bin\n` +
        `    ${root}/home/.sweepstake/data/cifar-100-binary: no such folder\n` +
        "  hint: Download the binary version, cifar-100-binary.tar.gz, from https://www.cs.toronto.edu/~kriz/cifar.html",
    );
    expect(() => locateData({ name: "cifar100" })).toThrow(
      `Put the folder cifar-100-binary into ${root}/home/.sweepstake/data, or name its place with the field data.path or the variable SWEEPSTAKE_DATA`,
    );
  });

  it("says when a place is a file, or a folder with none of the files", () => {
    writeFileSync(join(root, "file"), "");
    expect(() => locateData({ name: "mnist", path: join(root, "file") })).toThrow(
      `${root}/file/mnist: no such folder\n    ${root}/file: not a folder`,
    );
    const long = "x".repeat(300);
    expect(() => locateData({ name: "mnist", path: join(root, long) })).toThrow(
      `${root}/${long}: cannot look into it (ENAMETOOLONG)`,
    );
    expect(() => locateData({ name: "cifar100", path: root })).toThrow(`${root}: has none of train.bin, test.bin`);
  });

  it("recognises an archive that was not unpacked and the Python version", () => {
    writeFileSync(join(root, "cifar-10-binary.tar.gz"), "");
    mkdirSync(join(root, "cifar-100-python"));
    expect(() => locateData({ name: "cifar10", path: root })).toThrow(
      `${root}/cifar-10-batches-bin: no such folder, but there is cifar-10-binary.tar.gz: unpack it: tar -xzf cifar-10-binary.tar.gz`,
    );
    expect(() => locateData({ name: "cifar100", path: join(root, "cifar-100-binary") })).toThrow(
      "no such folder, but there is cifar-100-python: that is the Python version; the binary version is needed",
    );
  });
});

describe("dataStatus", () => {
  it("gives the folder, or the places tried and the way to get the files", () => {
    const found = dataStatus("fashion-mnist");
    expect(found).toMatchObject({ title: "Fashion-MNIST", folder: "/usr/share/datasets/fashion-mnist", tried: [] });
    const missing = dataStatus("mnist");
    expect(missing.folder).toBeUndefined();
    expect(missing.tried).toEqual([{ place: join(root, "home/.sweepstake/data/mnist"), reason: "no such folder" }]);
    expect(missing.obtain).toContain("http://yann.lecun.com/exdb/mnist/");
    expect(() => dataStatus("nist")).toThrow('did you mean "mnist"?');
  });
});
