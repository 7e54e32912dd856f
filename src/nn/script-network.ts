import type { StateDict } from "../core/array.ts";
import { InternalError } from "../core/errors.ts";
import { Script } from "../tensor/script.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type Cost, type DenseSummary, type LayerSummary, Module } from "./module.ts";
import type { Buffer, Parameter, Placement } from "./variable.ts";

/** What forward passes have shown of a script. */
export interface Findings {
  /** Shape of an image. */
  readonly input: readonly number[];
  readonly cost: Cost;
  readonly dense: readonly DenseSummary[];
  /** Names of the weights of layers in the order in which a pass uses them. */
  readonly order: readonly string[];
  /** What its author should know. */
  readonly notes: readonly string[];
  /** Whether a training pass of one image fails. */
  readonly needsTwoImages: boolean;
}

/** A TorchScript network as a module: the script computes with the tensors of these parameters and buffers. */
export class ScriptNetwork extends Module {
  readonly #file: Uint8Array;
  readonly #named: ReadonlyMap<string, Parameter | Buffer>;
  readonly #found: Findings;
  /** While it is loaded. */
  #script: Script | undefined;

  /**
   * @param file content of the file
   * @param named variables of the script by name, in its order
   * @param found what was found with images of a shape: cost of one, parameters that are not pruned
   */
  constructor(file: Uint8Array, named: ReadonlyMap<string, Parameter | Buffer>, found: Findings) {
    super();
    this.#file = file;
    this.#named = named;
    this.#found = found;
  }

  override forward(x: Tensor): Tensor {
    if (this.#script === undefined) throw new InternalError("a model was used before load() or after dispose()");
    return this.#script.forward(x);
  }

  override cost(shape: readonly number[]): Cost {
    const { input, cost } = this.#found;
    if (shape.join() === input.join()) return cost;
    throw new InternalError(`a script's cost is known for images of shape [${input.join(", ")}] only`);
  }

  override dense(): readonly DenseSummary[] {
    return this.#found.dense;
  }

  override notes(): readonly string[] {
    return this.#found.notes;
  }

  override needsTwoImages(): boolean {
    return this.#found.needsTwoImages;
  }

  /** In the order of execution: a module that is registered late may be the first one to compute. */
  override prunable(): readonly LayerSummary[] {
    const { order } = this.#found;
    const place = ({ name }: LayerSummary) => (order.includes(name) ? order.indexOf(name) : order.length);
    return [...super.prunable()].sort((a, b) => place(a) - place(b));
  }

  override load(state: StateDict, placement: Placement): void {
    super.load(state, placement);
    this.#script ??= new Script(this.#file);
    this.#script.bind([...this.#named.values()].map(({ tensor }) => tensor));
    this.#script.train(this.training);
  }

  override dispose(): void {
    this.#script?.dispose();
    this.#script = undefined;
    super.dispose();
  }

  override train(mode: boolean): void {
    super.train(mode);
    this.#script?.train(mode);
  }

  protected override *variables(prefix: string): Iterable<[string, Parameter | Buffer]> {
    for (const [name, variable] of this.#named) yield [prefix + name, variable];
  }
}
