import { expect, it } from "vitest";
import { cli, smallSpec, temporaryFolder, writeSpec } from "./cli-runner.ts";

const folder = temporaryFolder();

it("an experiment with one threshold for all layers says which p of R_p do not fit into what it keeps of some layer", async () => {
  const text = smallSpec
    .replace("epochs: 3", "epochs: 1")
    .replace("milestones: [2]", "milestones: []")
    .replace(
      /^prune:[\s\S]*?(?=^measure)/m,
      "prune:\n  - one-shot: { sparsities: [0.5, 0.98], allocation: global }\nretrain: [ticket, fine-tune]\n",
    )
    .replace("p: [0.1, 0.2]", "p: [0.01, 0.2, 0.45]");
  const spec = writeSpec(folder, text);
  const out = ["--executor", "inline", "--out", folder];
  const { code, stdout, stderr } = await cli(["run", spec, ...out]);
  expect([code, code === 0 ? "" : stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/one-shot \(global\) 98 %/);
  expect(stdout.replaceAll("\n", " ")).toMatch(/Left out: R_p at p = 0\.45 of fine-tune to (initial|pre-trained)/);
}, 60_000);
