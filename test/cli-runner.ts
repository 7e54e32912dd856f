import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll } from "vitest";
import { sha256 } from "../src/core/canonical-json.ts";

const bin = resolve(import.meta.dirname, "../bin/sweepstake.js");

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running `sweepstake` process with what it has printed so far. */
export class RunningCli {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
  #stdout = "";
  #stderr = "";

  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}, cwd = process.cwd()) {
    this.child = spawn(process.execPath, [bin, ...args], { env: { ...process.env, ...env }, cwd });
    this.child.stdout?.on("data", (chunk: Buffer) => {
      this.#stdout += chunk.toString();
    });
    this.child.stderr?.on("data", (chunk: Buffer) => {
      this.#stderr += chunk.toString();
    });
    this.finished = new Promise((done) => {
      this.child.on("close", (code) => done({ code, stdout: this.#stdout, stderr: this.#stderr }));
    });
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }
}

/** Runs the real command line to its end. */
export function cli(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Finished> {
  return new RunningCli(args, env).finished;
}

/** A temporary folder that goes away after the test file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "sweepstake-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A small real experiment: seconds of training on Fashion-MNIST. */
export const smallSpec = `
name: small
data: { name: fashion-mnist, subset: 512, testSubset: 256 }
model: { name: lenet5, width: 0.5 }
train:
  epochs: 3
  batchSize: 64
  optimizer: { sgd: { lr: 0.05 } }
  schedule: { milestones: [2] }
  augment: { crop: 2, flip: true }
seeds: 1
prune:
  - iterative: { sparsities: [0.5, 0.8] }
retrain: [ticket, reinit, { rewind: { epoch: 1 } }, fine-tune]
measure: { correlation: { p: [0.1, 0.2] } }
`;

export function writeSpec(folder: string, text: string, name = "spec.yaml"): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** Checkpoints that a store holds now, also while others write to it: names of its folders come and go. */
export function checkpoints(out: string): readonly string[] {
  const work = join(out, "store", "work");
  if (!existsSync(work)) return [];
  return readdirSync(work)
    .map((key) => join(work, key, "checkpoint"))
    .filter((path) => existsSync(path));
}

/** SHA-256 of every result file of a store, by key and name: the bits that must not depend on how they were computed. */
export function storeHashes(out: string): Record<string, string> {
  const objects = join(out, "store", "objects");
  const results = readdirSync(objects, { recursive: true, encoding: "utf8" }).filter((name) =>
    /(\.safetensors|metrics\.jsonl|residuals\.jsonl|overlap\.json)$/.test(name),
  );
  return Object.fromEntries(results.sort().map((name) => [name, sha256(readFileSync(join(objects, name)))]));
}
