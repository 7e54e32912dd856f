import type { StateDict } from "../../core/array.ts";
import { InternalError, RunError } from "../../core/errors.ts";
import type { Trace, TracedOperation } from "../../tensor/trace.ts";
import { float32, sumOf, weightsOf } from "./arrays.ts";

/** What is known of one channel whatever the images: its value everywhere, or nothing. */
type Known = number | undefined;

/** Which channels of a recorded network its logits depend on. */
export interface Channels {
  /** Of a value (an input or an operation's output): the channels that stay, rising. Flattened features count as those of their channel. */
  kept(value: string): readonly number[];
  /** Channels of a value before. */
  count(value: string): number;
  /** Of a value: what a channel that is left out always was. @throws InternalError when that is not known */
  constant(value: string, channel: number): number;
}

/**
 * Finds the channels that can be left out without changing a logit: those that nobody reads (all weights that read them are 0) and those that are
 * 0 everywhere. A channel that is constant but not 0 can go where a linear layer takes it into its bias; a convolution that pads with
 * zeros could not. Values that are added, or pass through normalisation, activation or pooling, share their channels and lose them together.
 * @param weights float32, under the mask; every name that the operations read
 * @throws RunError for grouped convolutions that are not depthwise, and for weights that two operations share
 */
export function findChannels(trace: Trace, weights: StateDict, input: { name: string; channels: number }): Channels {
  const analysis = new Analysis(trace, weights, input);
  return {
    kept: (value) => analysis.kept(value),
    count: (value) => analysis.known(value).length,
    constant: (value, channel) => {
      const known = analysis.known(value)[channel];
      if (known === undefined)
        throw new InternalError(`channel ${channel} of ${value} was left out, and is not constant`);
      return known;
    },
  };
}

/** Whether a convolution sees each channel alone. */
export function isDepthwise({ kind, ...operation }: TracedOperation): boolean {
  return kind === "conv2d" && "groups" in operation && operation.groups > 1;
}

class Analysis {
  readonly #trace: Trace;
  readonly #weights: StateDict;
  readonly #known = new Map<string, readonly Known[]>();
  /** Of every value another one with the same channels, or itself. */
  readonly #parents = new Map<string, string>();
  /** Of the values that stand for their class: the channels that are needed. */
  readonly #needed = new Map<string, boolean[]>();

  constructor(trace: Trace, weights: StateDict, input: { readonly name: string; readonly channels: number }) {
    this.#trace = trace;
    this.#weights = weights;
    checkSupported(trace, weights);
    this.#declare(input.name, new Array<Known>(input.channels).fill(undefined));
    for (const operation of trace.operations) {
      this.#declare(operation.output, this.#outcome(operation));
      for (const value of sharing(operation)) this.#join(operation.output, value);
    }
    for (const value of this.#known.keys()) {
      const root = this.#root(value);
      if (root === value)
        this.#needed.set(
          root,
          this.known(root).map(() => false),
        );
    }
    this.#needAll(input.name);
    this.#needAll(trace.output);
    this.#settle();
    // A layer of no channels is no layer: the first stays, and what it is made of.
    for (let empty = this.#empty(); empty !== undefined; empty = this.#empty()) {
      empty[0] = true;
      this.#settle();
    }
  }

  kept(value: string): readonly number[] {
    return this.#needs(value).flatMap((needed, channel) => (needed ? [channel] : []));
  }

  known(value: string): readonly Known[] {
    const known = this.#known.get(value);
    if (known === undefined) throw new InternalError(`the value ${value} was read before it was made`);
    return known;
  }

  #declare(value: string, known: readonly Known[]): void {
    this.#known.set(value, known);
    this.#parents.set(value, value);
  }

  #root(value: string): string {
    let at = value;
    for (let next = this.#parents.get(at); next !== undefined && next !== at; next = this.#parents.get(at)) at = next;
    return at;
  }

  #join(a: string, b: string): void {
    if (this.known(a).length !== this.known(b).length)
      throw new InternalError(`${a} and ${b} have other numbers of channels`);
    this.#parents.set(this.#root(a), this.#root(b));
  }

  #needs(value: string): boolean[] {
    const needs = this.#needed.get(this.#root(value));
    if (needs === undefined) throw new InternalError(`the value ${value} has no channels`);
    return needs;
  }

  #needAll(value: string): void {
    this.#needs(value).fill(true);
  }

  #empty(): boolean[] | undefined {
    return [...this.#needed.values()].find((needs) => !needs.includes(true));
  }

  /** Adds what is needed for what is needed, until nothing is added. */
  #settle(): void {
    let changed = true;
    const need = (value: string, channel: number) => {
      const needs = this.#needs(value);
      if (needs[channel] === true) return;
      needs[channel] = true;
      changed = true;
    };
    while (changed) {
      changed = false;
      for (const operation of this.#trace.operations.toReversed()) this.#pull(operation, need);
    }
  }

  #pull(operation: TracedOperation, need: (value: string, channel: number) => void): void {
    if (operation.kind === "padChannels") {
      const { x, before, output } = operation;
      // The channels of the two go together: neither can lose one that the other keeps.
      for (const channel of this.known(x).keys()) {
        if (this.#needs(output)[channel + before] === true) need(x, channel);
        if (this.#needs(x)[channel] === true) need(output, channel + before);
      }
      return;
    }
    if ((operation.kind !== "conv2d" && operation.kind !== "linear") || isDepthwise(operation)) return;
    const { x, weight, output } = operation;
    const known = this.known(x);
    // A linear layer takes any constant into its bias; a convolution sees zeros beyond the border instead.
    const takesConstants = operation.kind === "linear" && operation.bias !== undefined;
    const canDrop = (channel: number) => (takesConstants ? known[channel] !== undefined : known[channel] === 0);
    const outputs = this.#needs(output).flatMap((needed, o) => (needed ? [o] : []));
    for (const channel of known.keys())
      if (!canDrop(channel) && outputs.some((o) => this.#reads(weight, o, channel, known.length))) need(x, channel);
  }

  /** Whether output `o` has a weight other than 0 for a channel. */
  #reads(weight: string, o: number, channel: number, channels: number): boolean {
    return weightsOf(this.#array(weight), o, channel, channels).some((value) => value !== 0);
  }

  #outcome(operation: TracedOperation): readonly Known[] {
    switch (operation.kind) {
      case "conv2d":
        return this.#ofConvolution(operation);
      case "linear":
        return this.#ofLinear(operation);
      case "batchNorm":
        return this.#ofBatchNorm(operation);
      case "relu":
        return this.known(operation.x).map(relu);
      case "add":
        return this.known(operation.x).map((a, i) => sum(a, this.known(operation.other)[i]));
      case "padChannels": {
        const zeros = (count: number) => new Array<Known>(count).fill(0);
        return [...zeros(operation.before), ...this.known(operation.x), ...zeros(operation.after)];
      }
      case "maxPool2d":
      case "globalAvgPool":
      case "flatten":
      case "subsample":
        return this.known(operation.x);
    }
  }

  /** Only where nothing is read: a constant that is not 0 is another number at the padded border. */
  #ofConvolution(operation: Extract<TracedOperation, { kind: "conv2d" }>): readonly Known[] {
    const { x, weight, bias } = operation;
    const known = this.known(x);
    const outputs = this.#array(weight).shape[0] ?? 0;
    const shift = bias === undefined ? undefined : this.#array(bias).data;
    return Array.from({ length: outputs }, (_, o) => {
      const isSilent = isDepthwise(operation)
        ? known[o] === 0 || !this.#reads(weight, o, 0, 1)
        : known.every((value, channel) => value === 0 || !this.#reads(weight, o, channel, known.length));
      return isSilent ? (shift?.[o] ?? 0) : undefined;
    });
  }

  #ofLinear({ x, weight, bias }: Extract<TracedOperation, { kind: "linear" }>): readonly Known[] {
    const known = this.known(x);
    const outputs = this.#array(weight).shape[0] ?? 0;
    return Array.from({ length: outputs }, (_, o) => {
      let total = bias === undefined ? 0 : (this.#array(bias).data[o] ?? 0);
      for (const [channel, value] of known.entries()) {
        if (value === 0 || !this.#reads(weight, o, channel, known.length)) continue;
        if (value === undefined) return undefined;
        total += value * sumOf(weightsOf(this.#array(weight), o, channel, known.length));
      }
      return total;
    });
  }

  #ofBatchNorm(operation: Extract<TracedOperation, { kind: "batchNorm" }>): readonly Known[] {
    const { x, weight, bias, mean, variance, residual, eps } = operation;
    const [scale, shift, average, spread] = [weight, bias, mean, variance].map((name) => this.#array(name).data);
    return this.known(x).map((value, c) => {
      const factor = (scale?.[c] ?? 0) / Math.sqrt((spread?.[c] ?? 0) + eps);
      const level = factor === 0 ? 0 : value === undefined ? undefined : factor * (value - (average?.[c] ?? 0));
      const normalised = sum(level, shift?.[c] ?? 0);
      const added = residual === undefined ? normalised : sum(normalised, this.known(residual)[c]);
      return operation.relu ? relu(added) : added;
    });
  }

  #array(name: string) {
    return float32(this.#weights, name);
  }
}

/** Values whose channels are those of the output. */
function sharing(operation: TracedOperation): readonly string[] {
  switch (operation.kind) {
    case "conv2d":
      return isDepthwise(operation) ? [operation.x] : [];
    case "linear":
    case "padChannels":
      return [];
    case "add":
      return [operation.x, operation.other];
    case "batchNorm":
      return operation.residual === undefined ? [operation.x] : [operation.x, operation.residual];
    case "relu":
    case "maxPool2d":
    case "globalAvgPool":
    case "flatten":
    case "subsample":
      return [operation.x];
  }
}

function checkSupported({ operations }: Trace, weights: StateDict): void {
  const used = new Set<string>();
  for (const operation of operations) {
    if (operation.kind === "conv2d" && operation.groups > 1) {
      const [outputs, inputs] = float32(weights, operation.weight).shape;
      if (inputs !== 1 || outputs !== operation.groups)
        throw new RunError(
          `${operation.weight} is a grouped convolution that is not depthwise, which cannot be made smaller`,
        );
    }
    const read = ["weight", "bias"].flatMap((field) =>
      field in operation ? [operation[field as keyof typeof operation]] : [],
    );
    for (const name of read as readonly string[]) {
      if (used.has(name)) throw new RunError(`${name} is used by two operations, which cannot be made smaller`);
      used.add(name);
    }
  }
}

function relu(value: Known): Known {
  return value === undefined ? undefined : Math.max(0, value);
}

function sum(a: Known, b: Known): Known {
  return a === undefined || b === undefined ? undefined : a + b;
}
