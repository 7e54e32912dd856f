import { elementCount, type HostArray } from "../core/array.ts";
import { constant, type Drawn, type Given, kaimingUniform } from "../nn/init.ts";
import type { DenseSummary } from "../nn/module.ts";
import { Buffer, type FixedType, Parameter, type PrunableKind } from "../nn/variable.ts";
import type { ScriptUse } from "../tensor/script.ts";

/** A parameter or buffer as the file has it. */
export interface FileVariable {
  readonly name: string;
  readonly isParameter: boolean;
  /** A parameter that was saved with requires_grad=False is not. */
  readonly isTrained: boolean;
  /** float32 unless the type is an integer one. */
  readonly values: HostArray;
}

/** What a variable is used for, as far as its initial values follow from that. */
interface Role {
  readonly part: "weight" | "bias" | "normalisation";
  readonly init: Drawn;
  readonly prunable?: PrunableKind;
}

/**
 * Parameters and buffers with PyTorch's default initialisation where their use is known: weights and biases of convolutions and linear
 * layers, scales, shifts and statistics of normalisations. Others start as the file has them, and so do frozen parameters.
 * @param fromFile whether θ0 is what the file has of all of them; θ0' is drawn all the same
 */
export function declareVariables(
  variables: readonly FileVariable[],
  uses: readonly ScriptUse[],
  fromFile: boolean,
): ReadonlyMap<string, Parameter | Buffer> {
  const roles = rolesOf(variables, uses);
  return new Map(
    variables.map((variable): [string, Parameter | Buffer] => {
      const { name, isTrained, isParameter, values } = variable;
      const role = roles.get(name);
      if (isTrained) return [name, new Parameter(values.shape, start(values, role?.init, fromFile), role?.prunable)];
      const known = name.endsWith("num_batches_tracked") ? constant(0) : role?.init;
      const init = start(values, isParameter || known?.kind !== "constant" ? undefined : known, fromFile);
      return [name, new Buffer(values.shape, init.kind === "constant" ? init.value : init, fixedType(values))];
    }),
  );
}

/** The parameters that are never pruned, in the file's order, with the reason. */
export function denseParameters(variables: readonly FileVariable[], uses: readonly ScriptUse[]): DenseSummary[] {
  const roles = rolesOf(variables, uses);
  return variables.flatMap(({ name, isParameter, isTrained, values: { shape } }) => {
    const part = roles.get(name)?.part ?? "used otherwise";
    if (!isParameter || (isTrained && part === "weight")) return [];
    return [{ name, shape, reason: isTrained && part !== "weight" ? part : "frozen" }];
  });
}

/** The file's values where nothing is known to draw. */
function start<D extends Drawn>(values: HostArray, drawn: D | undefined, fromFile: boolean): Given | D {
  if (drawn === undefined) return given(values);
  return fromFile ? { ...given(values), redrawn: drawn } : drawn;
}

function given(values: HostArray): Given {
  return { kind: "given", values };
}

function fixedType({ dtype }: HostArray): "float" | FixedType {
  return dtype === "float32" || dtype === "float64" || dtype === "float16" || dtype === "bfloat16" ? "float" : dtype;
}

/** The first use decides. */
function rolesOf(variables: readonly FileVariable[], uses: readonly ScriptUse[]): ReadonlyMap<string, Role> {
  const shapes = new Map(variables.map(({ name, values }) => [name, values.shape]));
  const roles = new Map<string, Role>();
  const add = (name: string | undefined, role: Role) => {
    if (name !== undefined && !roles.has(name)) roles.set(name, role);
  };
  for (const { operation, weight, bias, mean, variance } of uses) {
    const kind = layerKinds[operation];
    if (kind === undefined) {
      const part = "normalisation";
      add(weight, { part, init: constant(1) });
      add(bias, { part, init: constant(0) });
      add(mean, { part, init: constant(0) });
      add(variance, { part, init: constant(1) });
    } else if (weight !== undefined) {
      // Also for groups, and for transposed convolutions, whose weight is [in, out / groups, kh, kw]: PyTorch counts like this.
      const [, ...rest] = shapes.get(weight) ?? [];
      const init = kaimingUniform(elementCount(rest));
      add(weight, { part: "weight", init, prunable: kind });
      add(bias, { part: "bias", init });
    }
  }
  return roles;
}

const layerKinds: Readonly<Record<ScriptUse["operation"], PrunableKind | undefined>> = {
  convolution: "conv",
  linear: "linear",
  normalisation: undefined,
};
