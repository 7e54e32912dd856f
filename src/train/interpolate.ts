import type { HostArray, StateDict } from "../core/array.ts";
import { InternalError } from "../core/errors.ts";
import { DeviceSplit } from "../data/device.ts";
import type { Dataset } from "../data/load.ts";
import type { Module } from "../nn/module.ts";
import type { Placement } from "../nn/variable.ts";
import type { Device } from "../tensor/tensor.ts";
import { type Evaluation, evaluate, evaluationBatch } from "./evaluate.ts";
import type { TrainRecipe } from "./recipe.ts";

/** The straight line between two networks. */
export interface PathJob {
  /** Not loaded; it is disposed at the end. */
  readonly model: Module;
  /** W1 and W2: parameters and buffers. */
  readonly a: StateDict;
  readonly b: StateDict;
  /** Equally spaced, both networks included; at least 2. */
  readonly points: number;
  readonly data: Dataset;
  readonly precision: TrainRecipe["precision"];
  readonly engine?: TrainRecipe["engine"];
  readonly device: Device;
  readonly signal?: AbortSignal;
}

/** Loss and accuracy of one network on the line. */
export interface PathEvaluation extends Evaluation {
  /** a in a·W1 + (1 - a)·W2: 0 is W2, 1 is W1. */
  readonly share: number;
}

/**
 * Evaluates a·W1 + (1 - a)·W2 on the test images, from a = 0 to 1. Everything that is a number is interpolated, batch-norm's running
 * mean and variance too, and nothing is trained or estimated anew; the ends have exactly the losses that their trainings recorded.
 * @returns undefined when `signal` was aborted before the end
 * @throws InputError when the weights do not fit the model
 */
export async function evaluatePath(job: PathJob): Promise<readonly PathEvaluation[] | undefined> {
  const { model, a, b, points, data, precision, engine, device, signal } = job;
  const placement: Placement = { device, dtype: precision === "bfloat16" ? "float32" : precision };
  const test = new DeviceSplit(data.test, data, device, precision);
  const found: PathEvaluation[] = [];
  try {
    for (let i = 0; i < points; i++) {
      const share = i / (points - 1);
      model.load(interpolate(a, b, share), placement);
      const evaluation = await evaluate(model, test, evaluationBatch, signal, engine);
      if (evaluation === undefined) return undefined;
      found.push({ share, ...evaluation });
    }
  } finally {
    test.dispose();
    model.dispose();
  }
  return found;
}

/**
 * share·a + (1 - share)·b of every floating array, computed in float64 and rounded once; counters are a's.
 * @throws InternalError when the two do not have the same arrays
 */
export function interpolate(a: StateDict, b: StateDict, share: number): StateDict {
  return new Map([...a].map(([name, array]) => [name, between(name, array, b.get(name), share)]));
}

function between(name: string, a: HostArray, b: HostArray | undefined, share: number): HostArray {
  if (b?.dtype !== a.dtype || b.data.length !== a.data.length)
    throw new InternalError(`interpolate(): the networks differ in ${name}`);
  const mix = (x: number, i: number) => share * x + (1 - share) * Number(b.data[i]);
  if (a.dtype === "float32") return { ...a, data: a.data.map(mix) };
  return a.dtype === "float64" ? { ...a, data: a.data.map(mix) } : a;
}
