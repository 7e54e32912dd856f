import type { z } from "zod";
import type { Json } from "../core/canonical-json.ts";
import type { DenseSummary, LayerSummary, Module } from "../nn/module.ts";

export type { DenseSummary, LayerSummary } from "../nn/module.ts";

/** A model as a spec names it: the registered name and its options, defaults allowed to be left out. */
export interface ModelSpec {
  readonly name: string;
  readonly [option: string]: Json;
}

/** What a model must know of the data. */
export interface ModelInput {
  readonly classes: number;
  /** [C, H, W] of one image. */
  readonly shape: readonly number[];
}

/** Values of a model's options, by name. */
export type ModelOptions = Readonly<Record<string, Json>>;

/** An architecture. A new one: a file like `lenet-300-100.ts`, and a line in `index.ts`. */
export interface ModelDefinition<Options extends ModelOptions = ModelOptions> {
  /** As written in a spec. */
  readonly name: string;
  /** One line for lists and help. */
  readonly summary: string;
  /** Publication or reference implementation that architecture, names and initialisation follow. */
  readonly source: string;
  /** Schema of its options; a strict object, so that misspelt options are refused. */
  readonly options: z.ZodType<Options>;
  /**
   * The network without values. Modules are named as in the reference implementation.
   * @throws InputError when images of this shape do not fit
   */
  build(options: Options, input: ModelInput): Module;
  /**
   * For a model that is kept in a file: finds the file, once when a spec is read, and adds what identifies its content.
   * @param folder that relative paths start from
   * @throws InputError when it is not there
   */
  locate?(options: Options, folder: string): Options;
  /** Names of the options that say where something lies; they are no part of the model's identity. */
  readonly places?: readonly string[];
}

/** Declares an architecture; `build` gets the options as its schema types them. */
export function defineModel<Options extends ModelOptions>(model: ModelDefinition<Options>): ModelDefinition<Options> {
  return model;
}

/** What can be said about a model without building it in the engine. */
export interface ModelDescription {
  /** Number of trained values: weights, biases, batch-norm's scales and shifts. */
  readonly parameters: number;
  /** Weights of convolutions and linear layers, in the model's order. */
  readonly prunable: readonly LayerSummary[];
  /** Multiply-accumulates of one forward pass of one image, in convolutions and linear layers. */
  readonly macs: number;
  /** Size of all float32 parameters and of the buffers, in bytes. */
  readonly stateBytes: number;
  /** The other parameters, of networks from a file. */
  readonly dense?: readonly DenseSummary[];
  /** What its author should know before training it, as sentences; absent when there is nothing. */
  readonly notes?: readonly string[];
  /** Whether it cannot be trained on a batch of one image, as with batch norm over vectors; absent when it can. */
  readonly needsTwoImages?: true;
}
