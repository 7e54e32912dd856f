import type { StateDict } from "../core/array.ts";
import type { Dataset } from "../data/load.ts";
import { augmentation, epochOrder } from "../data/order.ts";
import type { Split } from "../data/types.ts";
import type { TrainRecipe } from "./recipe.ts";

/**
 * Training of the two-layer perceptron in plain loops and float64, written from the textbook: an independent reference for the
 * trainer. Only the random draws (order, augmentation) are taken from src/data.
 */

type Weights = Map<string, number[]>;

interface Sample {
  readonly x: readonly number[];
  readonly label: number;
}

export interface NaiveEpoch {
  readonly lr: number;
  readonly trainLoss: number;
  readonly trainAccuracy: number;
  readonly testLoss: number;
  readonly testAccuracy: number;
  readonly weights: ReadonlyMap<string, readonly number[]>;
}

/** A term beside the loss. */
export interface NaiveTerm {
  /** Derivative with respect to weight `i` of a parameter. @param epoch finished epochs */
  gradient(name: string, i: number, w: number, epoch: number): number;
  /** @param epoch finished epochs, this one included */
  endEpoch(epoch: number, weights: ReadonlyMap<string, readonly number[]>): void;
}

export function naiveTraining(
  start: StateDict,
  keep: ReadonlyMap<string, Uint8Array>,
  data: Dataset,
  recipe: TrainRecipe,
  seed: number,
  term?: NaiveTerm,
  { from = 0, series = 0 }: { readonly from?: number; readonly series?: number } = {},
): NaiveEpoch[] {
  const weights: Weights = new Map(
    [...start].map(([name, { data: values }]) => [name, Array.from<number | bigint>(values).map(Number)]),
  );
  const prune = (values: Weights) => {
    for (const [name, bits] of keep)
      values.set(
        name,
        at(values, name).map((w, i) => (bits[i] === 1 ? w : 0)),
      );
  };
  prune(weights);
  const { lr, momentum, weightDecay, nesterov } = recipe.optimizer.sgd;
  const velocity: Weights = new Map();
  const { count } = data.train;
  const steps = Math.ceil(count / recipe.batchSize);
  const epochs: NaiveEpoch[] = [];
  for (let epoch = from; epoch < recipe.epochs; epoch++) {
    const order = epochOrder(seed, epoch, count, series);
    let [loss, correct, rate] = [0, 0, 0];
    for (let step = 0; step < steps; step++) {
      const indices = [...order].slice(step * recipe.batchSize, (step + 1) * recipe.batchSize);
      const changes = augmentation(seed, epoch, step, indices.length, recipe.augment, series);
      const batch = indices.map((index, i) =>
        sample(data, data.train, index, {
          dy: (changes?.offsetsY[i] ?? 0) - (changes?.pad ?? 0),
          dx: (changes?.offsetsX[i] ?? 0) - (changes?.pad ?? 0),
          flip: changes?.flip[i] === 1,
        }),
      );
      const result = gradients(weights, batch);
      loss += result.loss;
      correct += result.correct;
      const { milestones, factor, warmupEpochs } = recipe.schedule;
      rate = lr;
      for (const milestone of milestones) if (milestone <= epoch) rate *= factor;
      const [now, warm] = [epoch * steps + step + 1, warmupEpochs * steps];
      if (now < warm) rate *= now / warm;
      for (const [name, values] of weights) {
        const g = at(result.gradients, name).map((d, i) => {
          const w = values[i] ?? 0;
          return d / batch.length + weightDecay * w + (term?.gradient(name, i, w, epoch) ?? 0);
        });
        const v = velocity.get(name)?.map((old, i) => momentum * old + (g[i] ?? 0)) ?? g;
        velocity.set(name, v);
        weights.set(
          name,
          values.map((w, i) => w - rate * (nesterov ? (g[i] ?? 0) + momentum * (v[i] ?? 0) : (v[i] ?? 0))),
        );
      }
      prune(weights);
      prune(velocity);
    }
    term?.endEpoch(epoch + 1, weights);
    const tests = naiveTest(weights, data);
    epochs.push({
      lr: rate,
      trainLoss: loss / count,
      trainAccuracy: correct / count,
      testLoss: tests.loss,
      testAccuracy: tests.accuracy,
      weights: new Map(weights),
    });
  }
  return epochs;
}

/** Mean loss and accuracy of the perceptron on the test images. */
export function naiveTest(
  weights: ReadonlyMap<string, readonly number[]>,
  data: Dataset,
): { readonly loss: number; readonly accuracy: number } {
  const samples = Array.from({ length: data.test.count }, (_, i) =>
    sample(data, data.test, i, { dy: 0, dx: 0, flip: false }),
  );
  const { loss, correct } = gradients(new Map([...weights].map(([name, values]) => [name, [...values]])), samples);
  return { loss: loss / samples.length, accuracy: correct / samples.length };
}

/** A normalised image after moving the window by (dy, dx) and mirroring; outside of the image lies raw zero. */
function sample(
  { info, mean, std }: Dataset,
  split: Split,
  index: number,
  { dy, dx, flip }: { readonly dy: number; readonly dx: number; readonly flip: boolean },
): Sample {
  const [channels, height, width] = info.shape;
  const x: number[] = [];
  for (let c = 0; c < channels; c++)
    for (let row = 0; row < height; row++)
      for (let column = 0; column < width; column++) {
        const [fromY, fromX] = [row + dy, (flip ? width - 1 - column : column) + dx];
        const inside = fromY >= 0 && fromY < height && fromX >= 0 && fromX < width;
        const byte = inside ? (split.images[((index * channels + c) * height + fromY) * width + fromX] ?? 0) : 0;
        x.push((byte / 255 - (mean[c] ?? 0)) / (std[c] ?? 1));
      }
  return { x, label: split.labels[index] ?? 0 };
}

/** Sums over the batch of the loss, of the right answers, and of the loss's derivatives. */
function gradients(weights: Weights, batch: readonly Sample[]): { loss: number; correct: number; gradients: Weights } {
  const [w1, b1, w2, b2] = ["fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"].map((name) => at(weights, name)) as [
    number[],
    number[],
    number[],
    number[],
  ];
  const [d1, e1, d2, e2] = [w1, b1, w2, b2].map((values) => values.map(() => 0)) as [
    number[],
    number[],
    number[],
    number[],
  ];
  let [loss, correct] = [0, 0];
  for (const { x, label } of batch) {
    const before = affine(w1, b1, x);
    const hidden = before.map((value) => Math.max(0, value));
    const logits = affine(w2, b2, hidden);
    const total = logits.reduce((sum, value) => sum + Math.exp(value), 0);
    loss += Math.log(total) - (logits[label] ?? 0);
    if (logits.indexOf(Math.max(...logits)) === label) correct++;
    const dLogits = logits.map((value, k) => Math.exp(value) / total - (k === label ? 1 : 0));
    const dHidden = hidden.map((_, j) =>
      before[j] !== undefined && before[j] > 0
        ? dLogits.reduce((sum, d, k) => sum + d * (w2[k * hidden.length + j] ?? 0), 0)
        : 0,
    );
    accumulate(d2, e2, dLogits, hidden);
    accumulate(d1, e1, dHidden, x);
  }
  return {
    loss,
    correct,
    gradients: new Map([
      ["fc1.weight", d1],
      ["fc1.bias", e1],
      ["fc2.weight", d2],
      ["fc2.bias", e2],
    ]),
  };
}

function affine(weight: readonly number[], bias: readonly number[], x: readonly number[]): number[] {
  return bias.map((b, o) => x.reduce((sum, value, i) => sum + value * (weight[o * x.length + i] ?? 0), b));
}

function accumulate(dWeight: number[], dBias: number[], dOut: readonly number[], x: readonly number[]): void {
  for (const [o, d] of dOut.entries()) {
    dBias[o] = (dBias[o] ?? 0) + d;
    for (const [i, value] of x.entries()) dWeight[o * x.length + i] = (dWeight[o * x.length + i] ?? 0) + d * value;
  }
}

function at(values: Weights, name: string): number[] {
  const found = values.get(name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
}
