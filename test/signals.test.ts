import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, openSync } from "node:fs";
import { connect } from "node:net";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { checkpoints, cli, smallSpec, storeHashes, temporaryFolder, writeSpec } from "./cli-runner.ts";

const bin = resolve(import.meta.dirname, "../bin/sweepstake.js");
const folder = temporaryFolder();
const spec = writeSpec(
  folder,
  smallSpec.replace(/^prune:[\s\S]*?(?=^measure)/m, "").replace("subset: 512", "subset: 4000"),
);
const out = (name: string) => join(folder, name);

/** A run in a process group of its own, once it has its first checkpoint. */
async function underWay(
  name: string,
): Promise<{ child: ChildProcess; ended: Promise<number | null>; said: () => string }> {
  const child = spawn(process.execPath, [bin, "run", spec, "--workers", "1", "--out", out(name)], { detached: true });
  let text = "";
  child.stderr.on("data", (part: Buffer) => {
    text += part.toString();
  });
  const ended = new Promise<number | null>((done) => child.on("close", done));
  while (checkpoints(out(name)).length === 0 && child.exitCode === null) await sleep(20);
  return { child, ended, said: () => text };
}

describe("a signal", () => {
  it.each([
    { signal: "SIGHUP", code: 129 },
    { signal: "SIGUSR1", code: 138 },
    { signal: "SIGUSR2", code: 140 },
  ] as const)(
    "$signal to the whole process group stops a run in good order",
    async ({ signal, code }) => {
      const { child, ended, said } = await underWay(signal);
      process.kill(-(child.pid ?? 0), signal);
      expect(await ended).toBe(code);
      expect(said()).toContain("checkpointed:");
      expect(said()).not.toContain("Debugger listening");
      expect(checkpoints(out(signal))).toHaveLength(1);
    },
    60_000,
  );

  it("leaves what goes on to the same bits", async () => {
    for (const name of ["SIGUSR2", "whole"]) expect((await cli(["run", spec, "--out", out(name)])).code).toBe(0);
    expect(storeHashes(out("SIGUSR2"))).toEqual(storeHashes(out("whole")));
  }, 60_000);

  it("that comes twice within a second is one", async () => {
    const { child, ended, said } = await underWay("twice");
    child.kill("SIGTERM");
    await sleep(50);
    child.kill("SIGTERM");
    expect(await ended).toBe(143);
    expect(said()).toContain("checkpointed:");
  }, 60_000);

  it("USR1 opens no debugger in a command that trains nothing, either", async () => {
    const child = spawn(process.execPath, [bin, "doctor"], { stdio: "ignore" });
    const ended = new Promise<number | null>((done) => child.on("close", done));
    await sleep(400);
    child.kill("SIGUSR1");
    const isOpen = await new Promise<boolean>((answer) => {
      const socket = connect(9229, "127.0.0.1", () => answer(true));
      socket.on("error", () => answer(false));
    });
    expect(isOpen).toBe(false);
    await ended;
  }, 60_000);
});

describe("a standard error", () => {
  it.each([
    ["that is full", "/dev/full"],
    ["that is closed", undefined],
  ])(
    "%s ends nothing",
    async (_, path) => {
      const name = path === undefined ? "closed" : "full";
      const log = path === undefined ? undefined : openSync(path, "w");
      const args = [bin, "run", spec, "--workers", "1", "--out", out(name)];
      const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", log ?? "pipe"] });
      child.stderr?.destroy();
      const code = await new Promise<number | null>((done) => child.on("close", done));
      if (log !== undefined) closeSync(log);
      expect(code).toBe(0);
      expect(existsSync(join(out(name), "reports", "small", "report.html"))).toBe(true);
    },
    60_000,
  );

  it("standard output that is full is an error in words", async () => {
    const log = openSync("/dev/full", "w");
    const child = spawn(process.execPath, [bin, "plan", spec, "--out", out("none")], {
      stdio: ["ignore", log, "pipe"],
    });
    let text = "";
    child.stderr?.on("data", (part: Buffer) => {
      text += part.toString();
    });
    const code = await new Promise<number | null>((done) => child.on("close", done));
    closeSync(log);
    expect([code, text]).toEqual([1, expect.stringContaining("cannot write to standard output: ENOSPC")]);
    expect(text).not.toContain("    at ");
  }, 60_000);
});
