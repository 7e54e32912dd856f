import { describe, expect, it } from "vitest";
import { parseSpec } from "../spec/parse.ts";
import type { Spec } from "../spec/types.ts";
import { makePlan as makeAnyPlan } from "./plan.ts";
import type { Cell, Plan } from "./types.ts";

/**
 * Keys under which people have stored results. They may not change: see stageKey for what to do when a new field turns
 * this red. A change on purpose (another result for the same parameters) raises the stage's version and belongs into the
 * changelog.
 */

/** Of made-up data: a key has the content of its data, whatever it is. */
const content = "c0".repeat(32);

function makePlan(spec: Spec): Plan {
  return makeAnyPlan(spec, () => content);
}

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
      ["train", "5689493c55020053b06bd148af2a2fc4326546d00a4a2e840979644347f26c71"],
      ["compare", "95307243f52e2bcb5f9b1d6dcd28c84cec007cf670c3980fc1dee339d2024fa7"],
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
      dense: "322fc45dca99f7e2ce1181ccd2ef5664ff6715e37773dba15db51cdc709b0e41",
      "ticket at 0.15, iterative": "2fe4531ddfd2c219fb41fdf2e0215d38af760c0b8379899b1492c6b0e29606b7",
      "reinit at 0.15, iterative": "50cb77d3125295202aaa78a4ab82b930f2e353eac88f3b48fa1df7a741a82f03",
      "rewind at 0.15, iterative": "e079a1aed8429e4d1652ce4585610e31360364742c3559c822f905a64cd05c4e",
      "fine-tune at 0.15, iterative": "467c116ab966393cdd06efea91a25bec7287b9f467015d69761020d3155badd3",
      "ticket at 0.2775, iterative": "0aa9d062600eaf72460dbfa513d65dacb227f20041906d85b09bf17ad0a80e89",
      "reinit at 0.2775, iterative": "109a258461bc78d06149139df58d99d63f9898d03c7de50ed03a61eecaa99ac9",
      "rewind at 0.2775, iterative": "2e2b4f6d4f3e7f7cbdc0389540c73404a0105a35d6fec2ae7fc050765b7d1517",
      "fine-tune at 0.2775, iterative": "3c496f314a367985dbfb36a90d0b0f4ef5737d85d1ef8bab57313907630e50af",
      "ticket at 0.5, one-shot": "b6fe12e2adc3e6ea881a5c37f17652491e8f552438e2e2edffc5df5d1abf2298",
      "reinit at 0.5, one-shot": "b30c7855e40cc71040a7c6124ad59bbe9e9294c256fe99b6f2e415267587cfe8",
      "rewind at 0.5, one-shot": "a9fe11cbbacfabfbc838655c95388d8241eabe95bb1ae376985b756b42d30ef5",
      "fine-tune at 0.5, one-shot": "46186d317ae2d9c3c5b35fc5a14c5f9b17998190797e49b1cc4d878d4c786c3d",
      "mask at 0.15, iterative": "8a8c88122af37f969b763c123ef9779a934146e68dcbfe668c4085d44086c858",
      "mask at 0.2775, iterative": "a01907219f6a04e4f0576c08c110853926f2b0c1f63960e78f15c1d06d702ab6",
      "mask at 0.5, one-shot": "a84b852bdb6dff04664138058e2a813fa6a25e372d683a1bfe33c0699508bea5",
      "R_p pre-training": "fab1878cec37c2f6548be6dee162bd34d961a2f443b0a25a9d2b1e1f10cf3fe0",
      "R_p ticket at 0.15, iterative": "68abba9d45857eb44b58e9e9f00aab0dd95562ac8a59eea6347385ef3a0fc344",
      "R_p reinit at 0.15, iterative": "3246aa1ca0f0bf6b8f00eecd68acd3556c33582121745092e1db5f9c4f3b9b13",
      "R_p fine-tune to initial at 0.15, iterative": "cb09e282f6dfcc5699483b7434bfdb8850ffab0635a2286020adcd6ce202345b",
      "R_p fine-tune to pre-trained at 0.15, iterative":
        "a54157ace44214882015a266931c11b6ded62eeee31263aefcdca7df7a2d81e2",
      "R_p ticket at 0.2775, iterative": "022f0babcfca44b1d603c98255271cab11b2dcfb566c5f4c0753edabff2fe86d",
      "R_p reinit at 0.2775, iterative": "42eb5206cbaa364bc4c320bfffef58110a688f9ce3c62e9df5fb27cf9b21b956",
      "R_p fine-tune to initial at 0.2775, iterative":
        "f2f7cdd087f224816af6b90e18db2a646afc9d09a758056798c2b721f750d0cc",
      "R_p fine-tune to pre-trained at 0.2775, iterative":
        "42c2dea97f8f72045dd1ca949fb7251c1dd39d056ae4be20656c75ca75b96352",
      "R_p ticket at 0.5, one-shot": "aa32d90c044c1ef84cb9d755181b2104bbb32389ff40dfa756dd3da044403726",
      "R_p reinit at 0.5, one-shot": "b73909a974f6e07a758e04f824e35794d69f607ada2adbf1a2f27b273f2b34e3",
      "R_p fine-tune to initial at 0.5, one-shot": "fa1674c463d31ff3fe062580a14df442eb33aa91cb8a04a38fe2ae2cc06c3357",
      "R_p fine-tune to pre-trained at 0.5, one-shot":
        "16d8c8a6d2b417f49559139b671fa5a681fe2ad22a8735517c43c56764515334",
    });
  });

  it("ADMM, with all defaults and with every field given", () => {
    const keys = (admm: string) => {
      const text = `{ name: c, data: cifar10, model: resnet20, train: { epochs: 2, optimizer: { sgd: { lr: 0.1 } } }, prune: [{ admm: ${admm} }] }`;
      return [...makePlan(parseSpec(text, "c.yaml")).stages.values()].flatMap(({ kind, key }) =>
        kind === "admm" ? [key] : [],
      );
    };
    expect(keys("{ sparsities: [0.5] }")).toEqual(["cf40c247b61c051868bfca86ee1c4af5a02a4fc12d16a463f02e5d9e2358e3cf"]);
    expect(keys("{ sparsities: [0.5], rho: 1e-3, growth: 5, stages: 2, epochsPerStage: 3, lrFactor: 0.5 }")).toEqual([
      "7dcc4cc98454be8760cbf35faccb20ca6fdc870030f8c5f712bfd1a52fcc0a29",
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
        ["dense", "cc92395e4e7d806398890cf5a98544caf2e4d679df9f65cb2af8969ed89fb1a4"],
        ["lr-rewind", "1fe8801a228b1a9e8a217a6d7e89ca539e80a63999870a95b8185dfc2f571fad"],
        ["scratch-b", "1b98b902e215dd2620be0013e5a1b7c3a6928bcf8fb795bc0ad998c634b9a1b0"],
      ],
      mask: "abd3555b1e03574a727b9ca69864b9e6527acaf9ba25c03bad84647363866aca",
      connections: [
        [
          0,
          "a7db31720a2b27a24de2ac38d92205938f999843ba3fe0da197f38304d912f16",
          "42e96f14ffcb7eddd56d869d4121b5dfdc7f346343e5bca02bce723f85d78181",
        ],
        [
          2,
          "b8ae0d9dcf30617fbb9b9d888fb547253ed4f0fcaed3a919cdcb6d6ad56f6d7a",
          "371abddf5be7d06473fa7788aa9af69e5c5159c8401e18367c4845db12cf3f1a",
        ],
      ],
    });
  });
});
