import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { Layout } from "./layout.ts";
import { Store } from "./store.ts";

const root = mkdtempSync(join(tmpdir(), "sweepstake-bounds-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const key = "a".repeat(64);
const layout = new Layout(root);
const store = Store.open(root);
const at = new Date(0).toISOString();

describe("files for onlookers that are not what they should be", () => {
  it("a request to stop counts whatever is in it; what is larger than 10 kB, or no mark, says nothing of who asked", () => {
    store.stops.set(key, "somebody");
    expect(store.stops.read(key)?.by).toBe("somebody");
    for (const text of ["", "[]", '{"by":7,"at":8}', `{"by":"x","at":"${"y".repeat(10_000)}"}`]) {
      writeFileSync(layout.stop(key), text);
      expect([store.stops.read(key), [...store.stops.targets()]]).toEqual([undefined, [key]]);
    }
    writeFileSync(join(layout.stops, "foreign"), "");
    expect([...store.stops.targets()]).toEqual([key]);
  });

  it("a spec of more than 64 MB, or of another format, is none", () => {
    store.experiments.note(key, { name: "x" });
    expect(store.experiments.read(key)).toEqual({ name: "x" });
    writeFileSync(layout.experiment(key), '{"format":2,"spec":{}}');
    expect(store.experiments.read(key)).toBeUndefined();
    truncateSync(layout.experiment(key), 64_000_001);
    expect(store.experiments.read(key)).toBeUndefined();
  });

  it("of progress of more than 16 MB the end is read; lines that are none are left out; a new attempt begins anew", () => {
    mkdirSync(layout.work(key), { recursive: true });
    const path = layout.progress(key);
    const step = (n: number) =>
      `${JSON.stringify({ type: "step", at, epoch: 1, step: n, steps: 9, imagesPerSecond: 1 })}\n`;
    writeFileSync(path, `${"x".repeat(17_000_000)}\n${step(3)}`);
    const reader = store.activity.follow(key);
    expect(reader.read()).toMatchObject([{ type: "step", step: 3 }]);
    rmSync(path);
    expect(reader.read()).toEqual([]);
    const bad = [
      '{"type":"step"}',
      '{"type":"other","at":"x"}',
      "null",
      `{"type":"start","at":"never","epochs":1,"from":0,"pid":1}`,
    ];
    writeFileSync(path, `${bad.join("\n")}\n${step(1)}${step(2).slice(0, 9)}`);
    expect(reader.read()).toMatchObject([{ step: 1 }]);
    writeFileSync(path, step(5));
    expect(reader.read()).toMatchObject([{ step: 5 }]);
  });
});
