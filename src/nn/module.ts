import { type HostArray, type StateDict, sameShape } from "../core/array.ts";
import { InputError, type Issue } from "../core/errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Buffer, Parameter, type Placement, type PrunableKind } from "./variable.ts";

/** What one image costs on its way through a layer. */
export interface Cost {
  /** Multiply-accumulates of convolutions and linear layers; everything else counts as nothing beside them. */
  readonly macs: number;
  /** Shape of the output for one image, without the batch dimension. */
  readonly shape: readonly number[];
}

/** A weight that pruning may cut, in the model's order. */
export interface LayerSummary {
  /** PyTorch parameter name, e.g. `layer1.0.conv1.weight`. */
  readonly name: string;
  readonly kind: PrunableKind;
  /** [out, in, kh, kw] or [out, in]. */
  readonly shape: readonly number[];
}

/** Why a parameter is left dense whatever a spec says; `used otherwise` is every use but as the weight of a layer. */
export type DenseReason = "bias" | "normalisation" | "frozen" | "used otherwise";

/** A parameter that pruning leaves alone. */
export interface DenseSummary {
  readonly name: string;
  readonly shape: readonly number[];
  readonly reason: DenseReason;
}

/**
 * A layer or network. Its parameters, buffers and children are found from its own properties (`Parameter`, `Buffer`, `Module`,
 * `Module[]`), and property names joined by dots are exactly PyTorch's state-dict names: `layer1.0.bn1.running_mean`.
 * A module is described, initialised and planned with without the engine; it computes between `load()` and `dispose()`.
 */
export abstract class Module {
  /** Batch statistics (true) or running ones (false), where it makes a difference. */
  training = true;

  /** Batch in, batch out; layers state their shapes. */
  abstract forward(x: Tensor): Tensor;

  /**
   * Follows the shape of one image through the module.
   * @param shape of one image or activation, without the batch dimension
   */
  abstract cost(shape: readonly number[]): Cost;

  /** The parameters by full name. */
  namedParameters(): ReadonlyMap<string, Parameter> {
    return new Map(
      [...this.variables("")].flatMap(([name, variable]): [string, Parameter][] =>
        variable instanceof Parameter ? [[name, variable]] : [],
      ),
    );
  }

  /** The buffers by full name. */
  namedBuffers(): ReadonlyMap<string, Buffer> {
    return new Map(
      [...this.variables("")].flatMap(([name, variable]): [string, Buffer][] =>
        variable instanceof Buffer ? [[name, variable]] : [],
      ),
    );
  }

  /** Names of parameters and buffers in the order of PyTorch's state dict: a module's own first, then its children's. */
  names(): readonly string[] {
    return [...this.variables("")].map(([name]) => name);
  }

  /** The weights of convolutions and linear layers, in order. */
  prunable(): readonly LayerSummary[] {
    return [...this.namedParameters()].flatMap(([name, { prunable: kind, shape }]) =>
      kind === undefined ? [] : [{ name, kind, shape }],
    );
  }

  /** The other parameters with the reason; known for networks from a file, which are described by what they do. */
  dense(): readonly DenseSummary[] | undefined {
    return undefined;
  }

  /** What its author should know before training it; of networks from a file. */
  notes(): readonly string[] {
    return [];
  }

  /** Whether it cannot be trained on a batch of one image. Batch norm over images of several pixels can. */
  needsTwoImages(): boolean {
    return false;
  }

  /**
   * Copies values into all parameters and buffers. Weights of any floating type are converted to the placement's.
   * @throws InputError that names every missing, unexpected, mis-shaped and mistyped array at once; nothing is loaded then
   */
  load(state: StateDict, placement: Placement): void {
    const variables = new Map(this.variables(""));
    const issues = stateIssues(variables, state);
    if (issues.length > 0) throw new InputError(issues);
    for (const [name, variable] of variables) {
      const array = state.get(name);
      if (array !== undefined) variable.load(array, placement);
    }
  }

  /** Copies of all parameters and buffers in this process's memory, in the type the model computes in. */
  stateDict(): StateDict {
    return new Map([...this.variables("")].map(([name, variable]) => [name, variable.tensor.toHost()]));
  }

  /** Frees the tensors. The module can be loaded again. */
  dispose(): void {
    for (const [, variable] of this.variables("")) variable.dispose();
  }

  /** Switches this module and everything in it to training (true) or evaluation (false). */
  train(mode: boolean): void {
    this.training = mode;
    for (const [, child] of this.#children()) child.train(mode);
  }

  /** Parameters and buffers in the order of `names()`; a module that keeps them elsewhere than in its properties says so here. */
  protected *variables(prefix: string): Iterable<[string, Parameter | Buffer]> {
    const own: [string, unknown][] = Object.entries(this);
    for (const kind of [Parameter, Buffer])
      for (const [key, value] of own) if (value instanceof kind) yield [prefix + key, value];
    for (const [key, child] of this.#children()) yield* child.variables(`${prefix}${key}.`);
  }

  *#children(): Iterable<[string, Module]> {
    for (const [key, value] of Object.entries(this) as [string, unknown][]) {
      if (value instanceof Module) yield [key, value];
      else if (Array.isArray(value))
        for (const [i, item] of value.entries()) if (item instanceof Module) yield [`${key}.${i}`, item];
    }
  }
}

/** Modules one after the other. Outputs on the way are let go of at once: the gradient's record keeps those that it needs. */
export function chainForward(modules: readonly Module[], x: Tensor): Tensor {
  return modules.reduce((input, module) => {
    const output = module.forward(input);
    if (input !== x && input !== output) input.dispose();
    return output;
  }, x);
}

/** The cost of modules one after the other. */
export function chainCost(modules: readonly Module[], shape: readonly number[]): Cost {
  return modules.reduce<Cost>(
    (sum, module) => {
      const { macs, shape: output } = module.cost(sum.shape);
      return { macs: sum.macs + macs, shape: output };
    },
    { macs: 0, shape },
  );
}

function stateIssues(variables: ReadonlyMap<string, Parameter | Buffer>, state: StateDict): Issue[] {
  const wrong = [...variables].flatMap(([name, variable]): Issue[] => {
    const array = state.get(name);
    const expected = `[${variable.shape.join(", ")}]`;
    if (array === undefined) return [{ where: name, message: `expected an array of shape ${expected}, got none` }];
    if (!sameShape(array.shape, variable.shape))
      return [{ where: name, message: `expected shape ${expected}, got [${array.shape.join(", ")}]` }];
    const type = variable instanceof Buffer ? variable.kind : "float";
    if (fitsType(array, type)) return [];
    const types = type === "float" ? "a floating type" : type;
    return [{ where: name, message: `expected ${types}, got ${array.dtype}` }];
  });
  const unexpected = [...state.keys()]
    .filter((name) => !variables.has(name))
    .map((name) => ({
      where: name,
      message: "expected no such array: the model has no parameter or buffer of this name",
    }));
  return [...wrong, ...unexpected];
}

function fitsType({ dtype }: HostArray, type: Buffer["kind"]): boolean {
  return type === "float" ? ["float16", "bfloat16", "float32", "float64"].includes(dtype) : dtype === type;
}
