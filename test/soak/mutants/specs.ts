import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Stream } from "../../../src/core/rng.ts";
import { makePlan } from "../../../src/plan/plan.ts";
import { parseSpec } from "../../../src/spec/parse.ts";
import { projectFolder } from "../root.ts";
import { mutatedText, pick } from "./mutate.ts";
import type { Reader } from "./reader.ts";

/** With everything that the examples leave out. */
const rich = `name: a
data: fashion-mnist
model: { name: resnet20, width: 4 }
train: { epochs: 3, optimizer: { sgd: { lr: 0.1 } } }
cases:
  - { model: lenet5, data.name: mnist }
sweep: { train.optimizer.sgd.lr: [0.1, 0.2] }
seeds: [1, 2]
prune:
  - iterative: { rate: 0.2, rounds: 2 }
  - admm: { sparsities: [0.5] }
retrain: [ticket, { lr-rewind: { epochs: 1 } }, scratch-b]
measure: { connectivity: { epochs: [0, 1], masks: true } }
`;

const words = [
  "name",
  "sweep",
  "cases",
  "train",
  "model",
  "data",
  "prune",
  "one-shot",
  "iterative",
  "sparsities",
  "retrain",
];
const moreWords = ["rewind", "epoch", "lr-rewind", "seeds: 1000000", "rounds", "rate", "width", "cifar100", "1e-320"];
const places = ["seeds=", "train.epochs=", "__proto__.x=", "sweep.model=", "name=", "question=", "cases[0].", "a..b="];
const morePlaces = ["train[0]=", "constructor.prototype.x=", "prune[0].one-shot.sparsities[0]=", "verdict.alpha="];

/** A spec, its overrides and, when it is right, its plan. Nothing is read of the data. */
const specs: Reader = {
  name: "spec, plan",
  prepare() {
    const files = ["demo.yaml", "resnet20-cifar10.yaml"].map((name) => join(projectFolder(), "examples", name));
    const texts = [...files.map((file) => readFileSync(file, "utf8")), rich];
    return (draws) => {
      const text = mutatedText(pick(texts, draws), pick(texts, draws), [...words, ...moreWords], draws);
      const overrides = draws.below(5) === 0 ? [drawnOverride(draws)] : [];
      const read = () => {
        const spec = parseSpec(text, "f.yaml", overrides);
        // A right spec of a thousand seeds takes its time.
        return spec.seeds.length * spec.variants.length > 50 ? spec : makePlan(spec, () => "0a".repeat(32)).stages.size;
      };
      return { bytes: Buffer.from(`${text}\n# --set ${JSON.stringify(overrides)}`), read };
    };
  },
};

function drawnOverride(draws: Stream): string {
  return (
    pick([...places, ...morePlaces], draws) +
    mutatedText(pick(["1", "[a, b]", "{ a: 1 }", ""], draws), "*x", words, draws)
  );
}

export const specReaders: readonly Reader[] = [specs];
