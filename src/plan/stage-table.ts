import { canonicalJson, type Json, sha256 } from "../core/canonical-json.ts";
import { modelIdentity } from "../models/index.ts";
import type {
  AdmmParameters,
  AdmmStage,
  CompareParameters,
  CompareStage,
  ConnectParameters,
  ConnectStage,
  InitParameters,
  LoadParameters,
  MaskParameters,
  MaskStage,
  Ref,
  Stage,
  TrainParameters,
  TrainStage,
} from "./types.ts";

/** Version of what each kind of stage computes. Raise it when the same parameters give another result. */
export const stageVersions: Readonly<Record<Stage["kind"], number>> = {
  init: 1,
  load: 1,
  train: 1,
  mask: 1,
  admm: 1,
  compare: 2, // ties count with their expectation, and R_p is divided by Σ k
  connect: 1,
};

type Unkeyed<S> = S extends Stage ? Omit<S, "key" | "outputs" | "version"> : never;

/**
 * The key of a stage: SHA-256 of the canonical JSON of its kind, version, parameters and inputs, so that the keys of the
 * inputs carry everything that lies before. Device, outputs and the place of the data files are no part of it.
 *
 * All fields of the parameters enter, with their defaults written out. A field that is added later must be absent from
 * the parameters while it has its default: then the results that people have stored keep their keys. A test holds the
 * literal keys of old specs; when it goes red, leave the new default out here, or raise the stage's version if results
 * change.
 */
export function stageKey(stage: Unkeyed<Stage>): string {
  return sha256(canonicalJson(stageIdentity(stage)));
}

/**
 * What the key hashes: everything that the result depends on. Where files lie is not part of it: a model's file is named by the hash of
 * its content, and so are the data.
 */
export function stageIdentity(stage: Unkeyed<Stage>): Json {
  const identity = {
    kind: stage.kind,
    version: stageVersions[stage.kind],
    parameters: withoutPlaces(stage.parameters),
    inputs: stage.inputs,
  };
  return identity as unknown as Json; // plain data; only its interfaces lack an index signature
}

function withoutPlaces(parameters: Stage["parameters"]): object {
  if (!("model" in parameters)) return parameters;
  const model = modelIdentity(parameters.model);
  if (!("data" in parameters)) return { ...parameters, model };
  const { path: _, ...data } = parameters.data;
  if (!("weights" in parameters)) return { ...parameters, model, data };
  return { ...parameters, model, data, weights: parameters.weights.content };
}

/** The output that holds the weights after `epoch` epochs. */
export function weightsAt(epoch: number): string {
  return `weights@${epoch}`;
}

/**
 * Collects stages. Adding one that is there already only adds to its outputs: this is where all sharing happens.
 * A stage can be added only with references to its inputs, so the order of adding is an order of running.
 */
export class StageTable {
  readonly #stages = new Map<string, { readonly stage: Unkeyed<Stage>; readonly outputs: Set<string> }>();

  /** Initial weights. */
  init(parameters: InitParameters): Ref {
    return this.#add({ kind: "init", parameters, inputs: {} }, weightsAt(0));
  }

  /** Weights of a file, with how well they do. */
  load(parameters: LoadParameters): Ref {
    return this.#add({ kind: "load", parameters, inputs: {} }, weightsAt(0), "metrics");
  }

  /**
   * The weights of a training after `epoch` epochs, its last by default. Metrics and final weights are kept of every
   * training: the curves go into the report, and the weights are what people publish.
   */
  train(parameters: TrainParameters, inputs: TrainStage["inputs"], epoch = parameters.recipe.epochs): Ref {
    const final = weightsAt(parameters.recipe.epochs);
    return this.#add({ kind: "train", parameters, inputs }, weightsAt(epoch), final, "metrics");
  }

  /** The mask made from trained weights. */
  mask(parameters: MaskParameters, inputs: MaskStage["inputs"]): Ref {
    return this.#add({ kind: "mask", parameters, inputs }, "mask");
  }

  /** The mask that ADMM makes from trained weights; its residuals and metrics are kept too. */
  admm(parameters: AdmmParameters, inputs: AdmmStage["inputs"]): Ref {
    return this.#add({ kind: "admm", parameters, inputs }, "mask", "residuals", "metrics");
  }

  /** The overlap of two weight sets. */
  compare(parameters: CompareParameters, inputs: CompareStage["inputs"]): Ref {
    return this.#add({ kind: "compare", parameters, inputs }, "overlap");
  }

  /** The test error between two networks. */
  connect(parameters: ConnectParameters, inputs: ConnectStage["inputs"]): Ref {
    return this.#add({ kind: "connect", parameters, inputs }, "path");
  }

  /** All stages by key, each after its inputs. */
  stages(): ReadonlyMap<string, Stage> {
    return new Map(
      [...this.#stages].map(([key, { stage, outputs }]) => [
        key,
        { ...stage, key, version: stageVersions[stage.kind], outputs: [...outputs].sort() },
      ]),
    );
  }

  #add(stage: Unkeyed<Stage>, output: string, ...others: readonly string[]): Ref {
    const key = stageKey(stage);
    const entry = this.#stages.get(key) ?? { stage, outputs: new Set<string>() };
    this.#stages.set(key, entry);
    for (const name of [output, ...others]) entry.outputs.add(name);
    return { key, output };
  }
}

/** The stages that a stage reads from. */
export function inputsOf(stage: Stage): readonly Ref[] {
  return Object.values(stage.inputs as Readonly<Record<string, Ref | undefined>>).filter((ref) => ref !== undefined);
}
