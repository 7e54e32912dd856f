import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Store } from "../src/store/store.ts";
import { engineInfo, hasWinograd } from "../src/tensor/engine.ts";
import { cli, temporaryFolder, writeSpec } from "./cli-runner.ts";

// 16 channels on sides of 28 and 14: the former is Winograd's where the processor has it.
const spec = `
name: engine
data: { name: fashion-mnist, subset: 32, testSubset: 32 }
model: { name: conv2, width: 0.25 }
train: { epochs: 1, batchSize: 16, engine: winograd, optimizer: { sgd: { lr: 0.01 } } }
`;

describe("the record of a training with engine: winograd", () => {
  it.each([["float32"], ["bfloat16"]] as const)("says what computed it in %s", async (precision) => {
    const folder = temporaryFolder();
    const file = writeSpec(folder, spec);
    const set = ["--set", `train.precision=${precision}`];
    const ran = await cli(["run", file, ...set, "--executor", "inline", "--out", folder]);
    expect(ran.code, ran.stderr).toBe(0);
    const engines = new Map(
      [...Store.open(join(folder, "store")).list()].map(({ kind, provenance }) => [kind, provenance.engine]),
    );
    const expected = hasWinograd(precision) ? `winograd, ${engineInfo().variant}` : "libtorch";
    expect([engines.get("train"), engines.get("init")]).toEqual([expected, undefined]);
  });
});
