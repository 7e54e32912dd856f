import { RunError } from "../core/errors.ts";
import { observe } from "./load.ts";
import type { Handle, Native } from "./native.ts";
import type { Tensor } from "./tensor.ts";

type Two = readonly [number, number];

/** One operation of a forward pass. Values are called by name; `output` is its own. */
export type TracedOperation =
  | (Conv2dOperation & { readonly output: string })
  | (BatchNormOperation & { readonly output: string })
  | (OtherOperation & { readonly output: string });

interface Conv2dOperation {
  readonly kind: "conv2d";
  readonly x: string;
  readonly weight: string;
  readonly bias?: string;
  /** Height and width. */
  readonly stride: Two;
  readonly padding: Two;
  readonly dilation: Two;
  readonly groups: number;
}

/** With running statistics; then `+ residual` and ReLU, where asked for. */
interface BatchNormOperation {
  readonly kind: "batchNorm";
  readonly x: string;
  readonly weight: string;
  readonly bias: string;
  readonly mean: string;
  readonly variance: string;
  readonly residual?: string;
  readonly eps: number;
  readonly relu: boolean;
}

type OtherOperation =
  | { readonly kind: "linear"; readonly x: string; readonly weight: string; readonly bias?: string }
  | { readonly kind: "relu" | "globalAvgPool"; readonly x: string }
  | { readonly kind: "add"; readonly x: string; readonly other: string }
  | {
      readonly kind: "maxPool2d";
      readonly x: string;
      readonly kernel: Two;
      readonly stride: Two;
      readonly padding: Two;
    }
  /** All dimensions from `startDim` on become one. */
  | { readonly kind: "flatten"; readonly x: string; readonly startDim: number }
  /** Channels of zeros. */
  | { readonly kind: "padChannels"; readonly x: string; readonly before: number; readonly after: number }
  | { readonly kind: "subsample"; readonly x: string; readonly stride: number };

type Untraced = Conv2dOperation | BatchNormOperation | OtherOperation;

/** A forward pass as a list of operations, each after those it reads from. */
export interface Trace {
  readonly operations: readonly TracedOperation[];
  /** Name of the result; that of an input when nothing was done to it. */
  readonly output: string;
}

/**
 * Records what `run` computes. It really computes it, so what is recorded is what the network does, and not a second description of it.
 * @param inputs  the tensors that it may read, by name: images, parameters, buffers
 * @param run     a forward pass in evaluation mode, without gradients
 * @throws RunError naming the first operation that is not in `TracedOperation`; nothing is left out in silence
 */
export function trace(inputs: ReadonlyMap<string, Tensor>, run: () => Tensor): Trace {
  const names = new Map<Handle, string>([...inputs].map(([name, { handle }]) => [handle, name]));
  const operations: TracedOperation[] = [];
  const nameOf = (handle: Handle): string => {
    const name = names.get(handle);
    if (name === undefined) throw new RunError("the forward pass reads a tensor that is neither input nor parameter");
    return name;
  };
  const result = observe((name, args, handle) => {
    // Handles are used again after a tensor was freed.
    if (name === "dispose") names.delete(args[0] as Handle);
    if (silent.has(name)) return;
    const recorder = Object.hasOwn(recorders, name) ? recorders[name as keyof typeof recorders] : undefined;
    if (recorder === undefined)
      throw new RunError(
        `the forward pass uses the operation "${name}", which cannot be recorded`,
        `operations that can: ${Object.keys(recorders).join(", ")}`,
      );
    // The table pairs each function with a recorder of its own arguments, which the compiler cannot follow through a name.
    const operation = (recorder as (nameOf: NameOf, ...args: readonly unknown[]) => Untraced)(nameOf, ...args);
    const output = `${operation.kind}_${operations.length + 1}`;
    operations.push({ ...operation, output });
    names.set(handle as Handle, output);
  }, run);
  return { operations, output: nameOf(result.handle) };
}

/** Calls that compute nothing. */
const silent: ReadonlySet<string> = new Set<keyof Native>([
  "describe",
  "dispose",
  "setGradEnabled",
  "requiresGrad",
  "ownKernels",
  "hasWinograd",
]);

type NameOf = (handle: Handle) => string;

type Recorders = {
  readonly [K in Untraced["kind"]]: (nameOf: NameOf, ...args: Parameters<Native[K]>) => Untraced;
};

const recorders: Recorders = {
  conv2d: (nameOf, x, weight, bias, stride, padding, dilation, groups) => ({
    kind: "conv2d",
    x: nameOf(x),
    weight: nameOf(weight),
    ...(bias === undefined ? {} : { bias: nameOf(bias) }),
    ...{ stride: two(stride), padding: two(padding), dilation: two(dilation), groups },
  }),
  linear: (nameOf, x, weight, bias) => ({
    kind: "linear",
    x: nameOf(x),
    weight: nameOf(weight),
    ...(bias === undefined ? {} : { bias: nameOf(bias) }),
  }),
  batchNorm: (nameOf, x, weight, bias, mean, variance, residual, training, _momentum, eps, relu) => {
    if (training) throw new RunError("batch-norm is recorded in evaluation only, with its running statistics");
    if (weight === undefined || bias === undefined)
      throw new RunError("batch-norm without scale and shift cannot be recorded");
    return {
      kind: "batchNorm",
      ...{ x: nameOf(x), weight: nameOf(weight), bias: nameOf(bias), mean: nameOf(mean), variance: nameOf(variance) },
      ...(residual === undefined ? {} : { residual: nameOf(residual) }),
      ...{ eps, relu },
    };
  },
  relu: (nameOf, x) => ({ kind: "relu", x: nameOf(x) }),
  add: (nameOf, x, other) => ({ kind: "add", x: nameOf(x), other: nameOf(other) }),
  maxPool2d: (nameOf, x, kernel, stride, padding) => ({
    kind: "maxPool2d",
    x: nameOf(x),
    ...{ kernel: two(kernel), stride: two(stride), padding: two(padding) },
  }),
  globalAvgPool: (nameOf, x) => ({ kind: "globalAvgPool", x: nameOf(x) }),
  flatten: (nameOf, x, startDim) => ({ kind: "flatten", x: nameOf(x), startDim }),
  padChannels: (nameOf, x, before, after) => ({ kind: "padChannels", x: nameOf(x), before, after }),
  subsample: (nameOf, x, stride) => ({ kind: "subsample", x: nameOf(x), stride }),
};

function two([height = 0, width = height]: readonly number[]): Two {
  return [height, width];
}
