import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { InputError } from "../../../src/core/errors.ts";
import { decodeSafetensors, encodeSafetensors } from "../../../src/core/safetensors.ts";
import { decodeCheckpoint, encodeCheckpoint } from "../../../src/store/checkpoint.ts";
import { Layout } from "../../../src/store/layout.ts";
import { provenance } from "../../../src/store/provenance.fixture.ts";
import { decodeRecord, encodeRecord, formatOfOther } from "../../../src/store/record.ts";
import { Store } from "../../../src/store/store.ts";
import { decodeAdmmCheckpoint } from "../../../src/train/admm-checkpoint.ts";
import { mutated, mutatedText, pick } from "./mutate.ts";
import type { Reader } from "./reader.ts";

const key = "0a".repeat(32);
const hash = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest();

/** Records: a change is found by the checksum; with a right checksum the fields are checked. */
const records: Reader = {
  name: "record.json",
  prepare() {
    const files = { "stage.json": { sha256: key, sizeBytes: 3 } };
    const text = encodeRecord({ format: 1, key, kind: "train", status: "done", summary: {}, files, provenance });
    const tail = /,"sha256":"[0-9a-f]{64}"\}\n$/;
    return (draws) => {
      let changed = mutatedText(text, text, ["format", "done", "diverged"], draws);
      if (draws.below(2) === 0) {
        const body = changed.replace(tail, "");
        changed = `${body},"sha256":"${hash(Buffer.from(body)).toString("hex")}"}\n`;
      }
      return { bytes: Buffer.from(changed), read: () => [decodeRecord(changed, key), formatOfOther(changed)] };
    };
  },
};

/** Checkpoints of stages, with a right checksum in half of the cases, and the state of a training in them. */
const checkpoints: Reader = {
  name: "checkpoint",
  prepare() {
    const weight = { dtype: "float32", shape: [2], data: Float32Array.of(1, 2) } as const;
    const position = { epoch: 1, step: 2, sums: { loss: 1, correct: 2, count: 3 }, metrics: [] };
    const metadata = { format: "sweepstake-checkpoint-1", position: JSON.stringify(position), admm: "[]" };
    const state = encodeSafetensors(new Map([["weights.a", weight]]), metadata);
    const whole = Buffer.from(
      encodeCheckpoint(key, {
        parts: { state, costs: Buffer.from("{}") },
        files: { "weights@1.safetensors": { sha256: key, sizeBytes: 4 } },
      }),
    );
    return (draws) => {
      if (draws.below(3) === 0) {
        const bytes = mutated(state, whole, draws);
        return { bytes, read: () => decodeAdmmCheckpoint(decodeSafetensors(bytes, "checkpoint")) };
      }
      let bytes = mutated(whole, whole, draws);
      if (draws.below(2) === 0) bytes = Buffer.concat([hash(bytes.subarray(32)), bytes.subarray(32)]);
      return { bytes, read: () => decodeCheckpoint(bytes, key) };
    };
  },
};

/** A store with one of its files changed: opened, listed, asked for the object and for a failure. */
const stores: Reader = {
  name: "store",
  prepare(folder) {
    const root = join(folder, "store");
    const store = Store.open(root);
    const lease = store.claim(key);
    lease?.write("metrics.jsonl", '{"epoch":1,"loss":0.5}\n');
    lease?.commit({ stage: { kind: "train" }, kind: "train", status: "done", summary: {}, provenance });
    lease?.release();
    store.recordFailure(key, { message: "the disk is full", attempts: 3 });
    const layout = new Layout(root);
    const names = ["metrics.jsonl", "stage.json", "record.json"].map((name) => join(layout.object(key), name));
    const files = [layout.format, layout.failure(key), ...names].map((path) => ({ path, bytes: readFileSync(path) }));
    return (draws) => {
      restore(root, layout, files);
      const { path, bytes: whole } = pick(files, draws);
      const bytes =
        draws.below(2) === 0
          ? mutated(whole, whole, draws)
          : Buffer.from(mutatedText(whole.toString(), "1", [], draws));
      writeFileSync(path, bytes);
      const read = () => (path === layout.format ? Store.open(root) : readStore(root, path, bytes, whole));
      return { bytes, read };
    };
  },
};

function restore(
  root: string,
  layout: Layout,
  files: readonly { readonly path: string; readonly bytes: Buffer }[],
): void {
  rmSync(join(root, "quarantine"), { recursive: true, force: true });
  mkdirSync(layout.object(key), { recursive: true });
  for (const { path, bytes } of files) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
  }
}

/** A changed file of an object must be found, and damage must not be taken for another version. */
function readStore(root: string, path: string, bytes: Buffer, whole: Buffer): string {
  const store = openStore(root);
  store.failure(key);
  const problems = store.inspect(key);
  if (path.includes("objects") && !bytes.equals(whole) && problems.length === 0)
    throw new Error("the change was not found");
  const listed = [...store.list()].length;
  return `${listed} listed, ${store.has(key, ["metrics"]) ? "whole" : "damaged"}`;
}

function openStore(root: string): Store {
  try {
    return Store.open(root, () => undefined);
  } catch (error) {
    if (error instanceof InputError) throw new Error(`a damaged store is taken for another one: ${error.message}`);
    throw error;
  }
}

export const storeReaders: readonly Reader[] = [records, checkpoints, stores];
