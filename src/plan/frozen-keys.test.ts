import { describe, expect, it } from "vitest";
import { parseSpec } from "../spec/parse.ts";
import { makePlan } from "./plan.ts";
import type { Cell, Plan } from "./types.ts";

/**
 * Keys under which people have stored results. They may not change: see stageKey for what to do when a new field turns
 * this red. A change on purpose (another result for the same parameters) raises the stage's version and belongs into the
 * changelog.
 */

/** Keys of the trainings, masks and comparisons of a plan with one seed and one variant, by what they are. */
function namedKeys(plan: Plan): Readonly<Record<string, string | undefined>> {
  const at = (cell: Cell | undefined) => (cell === undefined ? "" : ` at ${cell.sparsity}, ${cell.pruning}`);
  const arms = plan.arms.map(({ start, cell, train }) => [`${start}${at(cell)}`, train]);
  const masks = plan.arms.map(({ cell }) => [`mask${at(cell)}`, cell?.mask.key]);
  const compared = plan.comparisons.map(({ measure, cell, compare }) => [`R_p ${measure}${at(cell)}`, compare]);
  return Object.fromEntries([...arms, ...masks.filter(([, key]) => key), ...compared]) as Readonly<
    Record<string, string>
  >;
}

describe("keys of old specs", () => {
  it("a minimal spec, all defaults", () => {
    const plan = makePlan(
      parseSpec(
        "{ name: a, data: fashion-mnist, model: lenet5, train: { epochs: 2, optimizer: { sgd: { lr: 0.1 } } } }",
        "a.yaml",
      ),
    );
    expect([...plan.stages.values()].map(({ kind, key }) => [kind, key])).toEqual([
      ["init", "ec87eef528ff630a06c79422dfb969fd078fab95ea7ad953105801fba8345bf2"],
      ["train", "b7c1cfbc46f7a530239b0432b6faee72a9abadde5b7b169fa9011218ec27c007"],
      ["compare", "609abd319e46076e205a56346896440e244ff7d52c69372248df26f32b070e4f"],
    ]);
  });

  it("a spec with every field given", () => {
    const plan = makePlan(
      parseSpec(
        `
name: b
data: { name: cifar10, subset: 1000, testSubset: 500, validation: 100 }
model: { name: resnet20, width: 8 }
train:
  epochs: 12
  batchSize: 64
  precision: float64
  optimizer: { sgd: { lr: 0.05, momentum: 0.8, weightDecay: 5e-4, nesterov: true } }
  schedule: { milestones: [6, 9], factor: 0.2, warmupEpochs: 1 }
  augment: { crop: 4, flip: true }
seeds: [3]
prune:
  - iterative: { rate: 0.15, rounds: 2, pruner: { name: magnitude } }
  - one-shot: { sparsities: [0.5] }
protect: [first-conv, last-linear]
retrain: [ticket, reinit, { rewind: { epoch: 3 } }, fine-tune]
measure: { correlation: { p: [0.2] } }
`,
        "b.yaml",
      ),
    );
    expect(namedKeys(plan)).toEqual({
      dense: "d3d6941dd2489d98d2b17a49f033a2be84ef28d263d1118e8ceee1b70babe36d",
      "ticket at 0.15, iterative": "a0b0c745846de67999fad99e61cee8f86b6f1313496643ac22cc266e3adf29de",
      "reinit at 0.15, iterative": "8519b2094ec065918d47ec7e63eaf8f6cd115d0f5a2db76efdbbd19d44e51803",
      "rewind at 0.15, iterative": "e9f230ac3db1dfb8b6b049dfc17f72f97b25c54c78daf9d11c5ad78c158fe771",
      "fine-tune at 0.15, iterative": "fcb53ec6404382e960c773a3c4036274e6ccc436b7fe260a5864326650a38e56",
      "ticket at 0.2775, iterative": "b2444b3313ac5beaf301e68785749f351d309fcf36d718f41db617d3008051a5",
      "reinit at 0.2775, iterative": "ecb4b6bb90278a2e70e1006cd694ed026631db40d44da770bf68aafd85785de0",
      "rewind at 0.2775, iterative": "160d15a6827adbb7e6b3a17ef060836f87088228af2b8a389541ba531d42d3e7",
      "fine-tune at 0.2775, iterative": "04f5ff96317cd129cac9b51bf4f244f54b1b5d3cc47c5f3fbcf332d3cd86b34f",
      "ticket at 0.5, one-shot": "ae4b81bda63d24f1498720d19a90a1c17eb6ddd202524b4cfef5d69d0097fe2a",
      "reinit at 0.5, one-shot": "e830d30efb4d96fd3275e8a68f12cc13ae67941de38fc69a947d46fd677fed41",
      "rewind at 0.5, one-shot": "068f585454ad70aefc8d775141cd3d81c62bd3ee089eb9269a905d84b4db3e8c",
      "fine-tune at 0.5, one-shot": "9855a871b261de00271598e1dfd64924ed9cf95c0960eff3e804ab3f515ae747",
      "mask at 0.15, iterative": "dcaee239cdce8123d79d5b1658b778dd65406a07f957632427d7e0b858bf4305",
      "mask at 0.2775, iterative": "fb8b905ae9ec04f2f67ba7d4f9302ee97d6a6134d2ed7f3d7e5bd991fe113dfc",
      "mask at 0.5, one-shot": "d5fef0130bca94cc6485cfa4693822724ce2cb030583b06318189d734cf82b19",
      "R_p pre-training": "587d007cc85fd8f3e2bdbf1ab79f80781b3cc79d9b9d21468e0d16e80aa9a70f",
      "R_p ticket at 0.15, iterative": "5c93f4115fe933448ea104c874be5136810305ce7e82e72937a73cf7ccc0e63c",
      "R_p reinit at 0.15, iterative": "816a56138cdffbed6dadd4be5a9367c3af452cd9f0f16de3bb28868ffd12aef3",
      "R_p fine-tune to initial at 0.15, iterative": "5276bf8c70bd040f9e9f9b750bb4b54e9acd5126c492ea888597226a49b892f9",
      "R_p fine-tune to pre-trained at 0.15, iterative":
        "28d58b4261e8bc387d184e82e304be99da17ce730e793980da8e995b23859d50",
      "R_p ticket at 0.2775, iterative": "4a4e8beb7290ef1fde675ccfccbc70331051b3a4846d3e6cdc98383ff5798a37",
      "R_p reinit at 0.2775, iterative": "a0066f442a13c90b1a5b9c9de937a9925e3799d948fe706a679f85bc90210893",
      "R_p fine-tune to initial at 0.2775, iterative":
        "70a0bd5294583036c8676158581f834a0a14f0cd1e56e7e90e77198cd373d5a6",
      "R_p fine-tune to pre-trained at 0.2775, iterative":
        "9a961b5d2af389b85d8bacc769812ed9d156fb5385162955fdd5acdbad5650d1",
      "R_p ticket at 0.5, one-shot": "b9d576cea3edd319fd647f520d66bc099d56347b4137a5c8df683893299c8d84",
      "R_p reinit at 0.5, one-shot": "9465dd9d82d0b59cd2387d46c9ec0e3e48a726dfd03d346ab261534bdffbd364",
      "R_p fine-tune to initial at 0.5, one-shot": "d09c44a29af47c7a8068c444b760b76abdfb311b5de7ec467d8e01125e329a36",
      "R_p fine-tune to pre-trained at 0.5, one-shot":
        "581ddfec9c0d7c7b6acce865098d5f6cf06ea3379004508ac09096fc847e6038",
    });
  });

  it("ADMM, with all defaults and with every field given", () => {
    const keys = (admm: string) => {
      const text = `{ name: c, data: cifar10, model: resnet20, train: { epochs: 2, optimizer: { sgd: { lr: 0.1 } } }, prune: [{ admm: ${admm} }] }`;
      return [...makePlan(parseSpec(text, "c.yaml")).stages.values()].flatMap(({ kind, key }) =>
        kind === "admm" ? [key] : [],
      );
    };
    expect(keys("{ sparsities: [0.5] }")).toEqual(["29735e098fcc5dcd58496f3e9e52636badc2c4c6b8fbf6cb3bd5ceba749f658c"]);
    expect(keys("{ sparsities: [0.5], rho: 1e-3, growth: 5, stages: 2, epochsPerStage: 3, lrFactor: 0.5 }")).toEqual([
      "65a58f53c109b68eedb3c8cec52c1b9342486bb1338b9e1e27f2c3c9d082478b",
    ]);
  });

  it("learning-rate rewinding, scratch-B, random masks and connectivity", () => {
    const text = `
{ name: d, data: cifar10, model: resnet20, train: { epochs: 10, optimizer: { sgd: { lr: 0.1 } }, schedule: { milestones: [5] } },
  prune: [{ one-shot: { sparsities: [0.4], pruner: random } }], retrain: [{ lr-rewind: { epochs: 3 } }, scratch-b],
  measure: { connectivity: { epochs: [0, 2] } } }`;
    const plan = makePlan(parseSpec(text, "d.yaml"));
    const arms = plan.arms.map(({ start, train }) => [start, train]);
    const mask = plan.arms.at(-1)?.cell?.mask.key;
    const connections = plan.connections.map(({ epoch, copies: [, second], connect }) => [epoch, second, connect]);
    expect({ arms, mask, connections }).toEqual({
      arms: [
        ["dense", "da3473b669843aa1718de45dcd4b783b5e1e0b217b10d65409b983edacf1f993"],
        ["lr-rewind", "e5a105d916f5d00f8134b8b59f37946a451db0de6c5e6ba3f7ccbcb3ba9ea021"],
        ["scratch-b", "98d3edac6b273362e4563afc090c0c7479fefbcac0fc6cba21608cb2b6dbc089"],
      ],
      mask: "21df9575a7a2aedc9d93fb1cb81f2fc9754b09496f8d7b870b891c2408d08da3",
      connections: [
        [
          0,
          "a281b2d4266e1584feab802ff31174c1f2dc2a22d97ce0c6ea82d78394985268",
          "ff175f6ae94a9c966bb1867c58853655c438d14f433c64ae2eeb6c477d6f1e78",
        ],
        [
          2,
          "821b4ddbc89240c8791fa132a073908cd1dbafbf013a6f445394f71cf3fda501",
          "694ee47ad6943494a45f87f98ab5161d96bf72bfec5e0e376016b612135b703c",
        ],
      ],
    });
  });
});
