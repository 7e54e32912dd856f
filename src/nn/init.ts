import { elementCount, type HostArray, type StateDict } from "../core/array.ts";
import { InternalError } from "../core/errors.ts";
import { type Stream, stream } from "../core/rng.ts";
import type { Module } from "./module.ts";
import type { Buffer } from "./variable.ts";

/** Initial values that come from a file. */
export interface Given {
  readonly kind: "given";
  /** float32 for parameters and floating buffers. */
  readonly values: HostArray;
  /** What θ0' is drawn from; the values again when left out. */
  readonly redrawn?: Drawn;
}

/** Where a parameter's initial values come from. */
export type Init = Given | Drawn;

/** A distribution that initial values are drawn from. */
export type Drawn =
  | { readonly kind: "constant"; readonly value: number }
  /** Uniform in [-bound, bound). */
  | { readonly kind: "uniform"; readonly bound: number }
  /** Normal with mean 0. */
  | { readonly kind: "normal"; readonly std: number };

/** Every element is `value`. */
export function constant(value: number): Drawn {
  return { kind: "constant", value };
}

/**
 * PyTorch's default for the weights and biases of convolutions and linear layers: U(±1/√fanIn).
 * It is kaiming_uniform_ with a = √5: the gain is √(2/(1 + 5)), the bound √3·gain/√fanIn.
 * @param fanIn inputs that one output sums over: in features, or in channels × kernel height × width
 */
export function kaimingUniform(fanIn: number): Drawn {
  return { kind: "uniform", bound: 1 / Math.sqrt(fanIn) };
}

/**
 * N(0, 2/fanIn), for layers followed by a ReLU: kaiming_normal_ with mode fan_in and gain √2.
 * @source He et al., "Delving Deep into Rectifiers", ICCV 2015
 */
export function kaimingNormal(fanIn: number): Drawn {
  return { kind: "normal", std: Math.sqrt(2 / fanIn) };
}

/**
 * N(0, 2/(fanIn + fanOut)): xavier_normal_ with gain 1.
 * @source Glorot & Bengio, "Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010
 */
export function glorotNormal(fanIn: number, fanOut: number): Drawn {
  return { kind: "normal", std: Math.sqrt(2 / (fanIn + fanOut)) };
}

/**
 * The model's weights before training, float32, and its buffers, by name in the model's order. A pure function of its arguments:
 * every parameter has a stream of its own, so adding a layer does not change the others. Needs no engine.
 * @param draw 0 gives θ0; 1 gives θ0', an independent draw from the same distribution (random re-initialisation)
 */
export function initialWeights(model: Module, seed: number, draw: number): StateDict {
  const parameters = model.namedParameters();
  const buffers = model.namedBuffers();
  return new Map(
    model.names().flatMap((name): [string, HostArray][] => {
      const parameter = parameters.get(name);
      if (parameter !== undefined) {
        const { shape } = parameter;
        const init = initOf(parameter.init, draw);
        if (init.kind === "given") return [[name, init.values]];
        const next = sampler(init, stream(seed, "init", draw, name));
        // Drawn in float64; storing rounds to the nearest float32.
        return [[name, { dtype: "float32", shape, data: Float32Array.from({ length: elementCount(shape) }, next) }]];
      }
      const buffer = buffers.get(name);
      return buffer === undefined ? [] : [[name, initialBuffer(buffer, draw)]];
    }),
  );
}

/** Given values are those of θ0 alone, when there is something to draw θ0' from. */
function initOf(init: Init, draw: number): Init {
  return init.kind === "given" && draw > 0 ? (init.redrawn ?? init) : init;
}

function sampler(init: Drawn, draws: Stream): () => number {
  switch (init.kind) {
    case "constant":
      return () => init.value;
    case "uniform":
      return () => init.bound * (2 * draws.uniform() - 1);
    case "normal":
      return () => init.std * draws.normal();
  }
}

function initialBuffer({ shape, value, kind }: Buffer, draw: number): HostArray {
  const init = initOf(typeof value === "number" ? constant(value) : value, draw);
  if (init.kind === "given") return init.values;
  if (init.kind !== "constant") throw new InternalError("buffers are not drawn at random");
  const count = elementCount(shape);
  if (kind === "float") return { dtype: "float32", shape, data: new Float32Array(count).fill(init.value) };
  if (kind === "int64") return { dtype: "int64", shape, data: new BigInt64Array(count).fill(BigInt(init.value)) };
  throw new InternalError(`a buffer of type ${kind} has no constant`);
}
