import { elementCount, type HostArray, type StateDict } from "../../core/array.ts";
import type { Trace, TracedOperation } from "../../tensor/trace.ts";
import { type FloatArray, float32, sumOf, weightsOf } from "./arrays.ts";
import { type Channels, findChannels, isDepthwise } from "./channels.ts";

/** A network without the channels that do nothing. */
export interface Shrunk {
  readonly trace: Trace;
  /** float32, by the names of before; what is not read any more is left out. */
  readonly weights: StateDict;
  /** Trained values (weights, biases, scales, shifts) before and after. */
  readonly parameters: { readonly before: number; readonly after: number };
  /** Of every layer that lost channels: outputs before and after. */
  readonly layers: readonly { readonly weight: string; readonly before: number; readonly after: number }[];
}

/**
 * Leaves out every channel that no logit depends on (see `findChannels`). Nothing else changes: the logits are the same but for the rounding
 * of sums.
 * @param weights float32, under the mask
 * @throws RunError for operations that cannot be made smaller
 */
export function shrink(trace: Trace, weights: StateDict, input: { name: string; channels: number }): Shrunk {
  const channels = findChannels(trace, weights, input);
  const smaller = new Map<string, HostArray>();
  const operations = trace.operations.map((operation) => shrinkOperation(operation, weights, channels, smaller));
  const layers = trace.operations.flatMap((operation) => {
    if (operation.kind !== "conv2d" && operation.kind !== "linear") return [];
    const before = float32(weights, operation.weight).shape[0] ?? 0;
    const after = smaller.get(operation.weight)?.shape[0] ?? 0;
    return before === after ? [] : [{ weight: operation.weight, before, after }];
  });
  const trained = trace.operations.flatMap((operation) => [
    ...("weight" in operation ? [operation.weight] : []),
    ...("bias" in operation ? [operation.bias] : []),
  ]);
  const count = (state: StateDict) =>
    trained.reduce((sum, name) => sum + elementCount(state.get(name)?.shape ?? [0]), 0);
  return {
    trace: { operations, output: trace.output },
    weights: smaller,
    parameters: { before: count(weights), after: count(smaller) },
    layers,
  };
}

/** The operation on fewer channels; its arrays are put into `smaller`. */
function shrinkOperation(
  operation: TracedOperation,
  weights: StateDict,
  channels: Channels,
  smaller: Map<string, HostArray>,
): TracedOperation {
  const outputs = channels.kept(operation.output);
  const take = (name: string) => smaller.set(name, pick(float32(weights, name), outputs));
  switch (operation.kind) {
    case "conv2d": {
      const inputs = channels.kept(operation.x);
      const weight = float32(weights, operation.weight);
      if (operation.bias !== undefined) take(operation.bias);
      if (isDepthwise(operation)) {
        take(operation.weight);
        return { ...operation, groups: outputs.length };
      }
      smaller.set(operation.weight, pickBoth(weight, outputs, inputs, channels.count(operation.x)));
      return operation;
    }
    case "linear": {
      const inputs = channels.kept(operation.x);
      const weight = float32(weights, operation.weight);
      smaller.set(operation.weight, pickBoth(weight, outputs, inputs, channels.count(operation.x)));
      if (operation.bias !== undefined)
        smaller.set(operation.bias, biasWithConstants(operation, outputs, weights, channels));
      return operation;
    }
    case "batchNorm":
      for (const name of [operation.weight, operation.bias, operation.mean, operation.variance]) take(name);
      return operation;
    case "padChannels": {
      const inner = channels.count(operation.x);
      const before = outputs.filter((channel) => channel < operation.before).length;
      const after = outputs.filter((channel) => channel >= operation.before + inner).length;
      return { ...operation, before, after };
    }
    default:
      return operation;
  }
}

/** What the channels that are left out always added, in the bias. */
function biasWithConstants(
  { x, weight, bias }: { readonly x: string; readonly weight: string; readonly bias?: string },
  outputs: readonly number[],
  weights: StateDict,
  channels: Channels,
): HostArray {
  const count = channels.count(x);
  const kept = new Set(channels.kept(x));
  const dropped = Array.from({ length: count }, (_, channel) => channel).filter((channel) => !kept.has(channel));
  const array = float32(weights, weight);
  const old = float32(weights, bias ?? "").data;
  const values = outputs.map((o) =>
    dropped.reduce((total, channel) => {
      const read = weightsOf(array, o, channel, count);
      return read.some((value) => value !== 0) ? total + sumOf(read) * channels.constant(x, channel) : total;
    }, old[o] ?? 0),
  );
  return { dtype: "float32", shape: [outputs.length], data: Float32Array.from(values) };
}

/** Some rows of an array. */
function pick({ shape, data }: FloatArray, rows: readonly number[]): HostArray {
  const row = data.length / (shape[0] ?? 1);
  const picked = new Float32Array(rows.length * row);
  for (const [i, from] of rows.entries()) picked.set(data.subarray(from * row, (from + 1) * row), i * row);
  return { dtype: "float32", shape: [rows.length, ...shape.slice(1)], data: picked };
}

/** Some rows, and of them the parts that belong to some channels. @param count channels of the input; a channel may have several features */
function pickBoth(array: FloatArray, rows: readonly number[], columns: readonly number[], count: number): HostArray {
  const { shape, data } = array;
  const [outputs = 1, inputs = 1, ...rest] = shape;
  const part = data.length / outputs / count;
  const picked = new Float32Array(rows.length * columns.length * part);
  for (const [i, o] of rows.entries())
    for (const [j, channel] of columns.entries())
      picked.set(weightsOf(array, o, channel, count), (i * columns.length + j) * part);
  return { dtype: "float32", shape: [rows.length, (columns.length * inputs) / count, ...rest], data: picked };
}
