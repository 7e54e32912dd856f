import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { greyPng, writeTree } from "../src/data/import/images.fixture.ts";
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

  it.each([
    [2, "expected no last batch of one image, got 21 images in batches of 2"],
    [1, "expected batches of more than one image, got 21 images in batches of 1"],
    [4, "expected no last batch of one image, got 21 images in batches of 4"],
  ])("of batches of one image under batch norm over vectors, in batches of %i", async (batchSize, message) => {
    const { code, stderr } = await vectors(batchSize);
    expect(code).toBe(2);
    expect(stderr).toContain(`train.batchSize: ${message}`);
  });

  it("nothing of two at least", async () => {
    expect(await vectors(3)).toMatchObject({ code: 0, stderr: "" });
  });
});

/** A plan of a network that needs two images, on 21 of 8x8 pixels in ten classes. */
async function vectors(batchSize: number): ReturnType<typeof cli> {
  const images = Array.from({ length: 21 }, (_, i) => [
    [`images/train/${i % 10}/${i}.png`, greyPng(8, 8, (k) => (i * k) % 256)] as const,
    [`images/test/${i % 10}/${i}.png`, greyPng(8, 8, (k) => (i + k) % 256)] as const,
  ]);
  writeTree(folder, Object.fromEntries(images.flat()));
  const text = `
name: vectors
data: { folder: images }
model: { torchscript: ${network("small-vectors")} }
train: { epochs: 1, batchSize: ${batchSize}, optimizer: { sgd: { lr: 0.1 } } }
seeds: 1
`;
  const path = writeSpec(folder, text, "vectors.yaml");
  const home = { SWEEPSTAKE_DATA: join(folder, "data") };
  await cli(["data", "import", path], home);
  return cli(["plan", path, "--out", join(folder, "out")], home);
}
