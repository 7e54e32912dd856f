import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { cli, temporaryFolder, writeSpec } from "./cli-runner.ts";

const folder = temporaryFolder();
const network = (name: string) => join(import.meta.dirname, "fixtures", "torchscript", `${name}.pt`);
const spec = writeSpec(
  folder,
  `
name: checks
data: { name: fashion-mnist, subset: 512, testSubset: 64 }
model: lenet5
train: { epochs: 1, batchSize: 64, optimizer: { sgd: { lr: 0.1 } } }
seeds: 1
`,
);
const plan = (...sets: readonly string[]) =>
  cli(["plan", spec, "--out", join(folder, "out"), ...sets.flatMap((set) => ["--set", set])]);

describe("a plan says what a run would say", () => {
  it("of data that are not there, and of a device that is not there", async () => {
    const missing = await plan(`data.path=${join(folder, "nowhere")}`);
    expect([missing.code, missing.stderr]).toEqual([
      0,
      expect.stringContaining("note: data.path: cannot find the files of Fashion-MNIST"),
    ]);
    const device = await plan("device=cuda:7");
    expect([device.code, device.stderr]).toEqual([0, expect.stringContaining("note: device: cuda:7 is not there")]);
    expect((await plan()).stderr).toBe("");
  });

  it("of a network whose images have another size", async () => {
    const { code, stderr } = await plan(`model={ torchscript: ${network("small-softmax")} }`);
    expect(code).toBe(2);
    expect(stderr).toContain("small-softmax.pt");
  });
});
