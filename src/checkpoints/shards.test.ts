import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { HostArray } from "../core/array.ts";
import { encodeSafetensors } from "../core/safetensors.ts";
import { readCheckpoint } from "./read-checkpoint.ts";

const folder = mkdtempSync(join(tmpdir(), "sweepstake-shards-"));
afterAll(() => rmSync(folder, { recursive: true }));

const array = (value: number): HostArray => ({
  dtype: "float32",
  shape: [2, 2],
  data: new Float32Array(4).fill(value),
});
const shard = (n: number) => `model-0000${n}-of-00002.safetensors`;
const index = join(folder, "model.safetensors.index.json");
const write = (name: string, entries: Readonly<Record<string, number>>) =>
  writeFileSync(
    join(folder, name),
    encodeSafetensors(new Map(Object.entries(entries).map(([key, value]) => [key, array(value)])), {}),
  );
const map = (weightMap: unknown) => writeFileSync(index, JSON.stringify({ metadata: {}, weight_map: weightMap }));

write(shard(1), { "a.weight": 1 });
write(shard(2), { "b.weight": 2, "c.weight": 3 });
const whole = { "a.weight": shard(1), "b.weight": shard(2), "c.weight": shard(2) };

describe("a model in several files", () => {
  it("is read whole by its index, without an order", () => {
    map(whole);
    const { tensors, isOrdered, notes } = readCheckpoint(index);
    expect(Object.fromEntries([...tensors].map(([name, { data }]) => [name, data[0]]))).toEqual({
      "a.weight": 1,
      "b.weight": 2,
      "c.weight": 3,
    });
    expect([isOrdered, notes]).toEqual([false, ["read from 2 files"]]);
  });

  it("is none by one of its files", () => {
    map(whole);
    expect(() => readCheckpoint(join(folder, shard(2)))).toThrow(
      "expected a whole model, got part 2 of 2\n  hint: name the index, model.safetensors.index.json",
    );
    write("model-00001-of-00001.safetensors", { "a.weight": 1 });
    expect(readCheckpoint(join(folder, "model-00001-of-00001.safetensors")).tensors.size).toBe(1);
  });

  it.each([
    ["no JSON", "{", "expected an index in JSON"],
    ["no map", "{}", "expected an index with weight_map"],
    ["numbers", '{"weight_map":{"a":1}}', "expected an index with weight_map"],
    ["nothing", '{"weight_map":{}}', "expected an index of 1 to 1000 files, got 0"],
    ["a way out", '{"weight_map":{"a":"../x.safetensors"}}', "expected files of the same folder"],
    ["a file that is not there", '{"weight_map":{"a":"gone.safetensors"}}', "lists files that are not there"],
  ])("an index with %s is refused", (_, text, message) => {
    writeFileSync(index, text);
    expect(() => readCheckpoint(index)).toThrow(message);
  });

  it("of more than 16 MB, or of more than a thousand files, is refused", () => {
    writeFileSync(index, `{"weight_map":{}${" ".repeat(16_000_000)}}`);
    expect(() => readCheckpoint(index)).toThrow("expected at most 16000000 bytes, got 16000017");
    map(Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`w${i}`, `${i}.safetensors`])));
    expect(() => readCheckpoint(index)).toThrow("expected an index of 1 to 1000 files, got 1001");
  });

  it("with one array in two files is refused", () => {
    write("twice.safetensors", { "a.weight": 9 });
    map({ ...whole, x: "twice.safetensors" });
    expect(() => readCheckpoint(index)).toThrow('has "a.weight" in two files');
  });
});
