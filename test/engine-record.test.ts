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
sweep: { train.precision: [float32, bfloat16] }
`;

describe("the record of a training with engine: winograd", () => {
  it("says what computed it, in either type", async () => {
    const folder = temporaryFolder();
    const ran = await cli(["run", writeSpec(folder, spec), "--executor", "inline", "--out", folder]);
    expect(ran.code, ran.stderr).toBe(0);
    const records = [...Store.open(join(folder, "store")).list()].map(({ kind, provenance }) => ({
      kind,
      ...provenance,
    }));
    const trainings = records.filter(({ kind }) => kind === "train");
    expect(trainings.map(({ precision }) => precision).sort()).toEqual(["bfloat16", "float32"]);
    for (const { precision, engine } of trainings) {
      const isOurs = hasWinograd(precision === "bfloat16" ? "bfloat16" : "float32");
      expect(engine, precision).toBe(isOurs ? `winograd, ${engineInfo().variant}` : "libtorch");
    }
    expect(records.filter(({ kind, engine }) => kind !== "train" && engine !== undefined)).toEqual([]);
  });
});
