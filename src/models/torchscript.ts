import { resolve } from "node:path";
import { z } from "zod";
import type { HostArray } from "../core/array.ts";
import { elementCount } from "../core/array.ts";
import { InputError, RunError } from "../core/errors.ts";
import { stream } from "../core/rng.ts";
import { type Findings, ScriptNetwork } from "../nn/script-network.ts";
import { engineInfo } from "../tensor/engine.ts";
import { noGrad, scope } from "../tensor/scope.ts";
import { isFloating, Script, type ScriptOperation, type ScriptUse } from "../tensor/script.ts";
import { Tensor } from "../tensor/tensor.ts";
import { readTorchScript } from "./torchscript-file.ts";
import { refusals } from "./torchscript-refusals.ts";
import { type Complaint, failedPass, wrongType } from "./torchscript-types.ts";
import { declareVariables, denseParameters, type FileVariable } from "./torchscript-variables.ts";
import { defineModel, type ModelInput } from "./types.ts";

/** Images of the passes that a network is described by; two numbers, since tracing can fix the number of images. */
const batches = { training: 4, evaluation: 3 };

/** A PyTorch user's own network, saved by torch.jit.save. It is described with the engine, by forward passes of a few made-up images. */
export const torchscript = defineModel({
  name: "torchscript",
  summary: "your own network, saved by PyTorch as TorchScript: model: { torchscript: net.pt }",
  source: "the file",
  options: z.strictObject({
    /** The file; a relative path starts from the spec's folder. */
    torchscript: z.string({ error: "expected a file saved by torch.jit.save" }).min(1),
    /** `default`: θ0 is drawn from the seed by PyTorch's default; `file`: it is what the file has, for every seed. */
    init: z.enum(["default", "file"]).default("default"),
    /** Of the file, in hexadecimal; filled in when the spec is read. */
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/, { error: "expected a SHA-256, 64 hexadecimal digits" })
      .exactOptional(),
  }),
  places: ["torchscript"],
  locate(options, folder) {
    const path = resolve(folder, options.torchscript);
    return { ...options, torchscript: path, sha256: readTorchScript(path, options.sha256).sha256 };
  },
  build({ torchscript: path, init, sha256 }, input) {
    const file = new ScriptFile(path, sha256, input);
    try {
      return file.network(init === "file");
    } finally {
      file.dispose();
    }
  },
});

/** A file on its way to a network; `dispose()` frees what libtorch made of it. */
class ScriptFile {
  readonly #path: string;
  readonly #bytes: Uint8Array;
  readonly #input: ModelInput;
  readonly #script: Script;
  readonly #operations: readonly ScriptOperation[];

  constructor(path: string, sha256: string | undefined, input: ModelInput) {
    this.#path = path;
    this.#bytes = readTorchScript(path, sha256).bytes;
    this.#input = input;
    this.#script = this.#explained(notLoaded, () => new Script(this.#bytes));
    this.#operations = this.#script.operations();
  }

  network(fromFile: boolean): ScriptNetwork {
    const { shape, classes } = this.#input;
    const variables = this.#variables();
    this.#checkOperations(variables.map(({ name }) => name));
    this.#checkParametrised(variables);
    const { uses, ...seen } = this.#explained(
      (cause) => failedPass(cause, `[${shape.join(", ")}]`, this.#operations),
      () => scope(() => this.#dryRun(variables)),
    );
    const declared = declareVariables(variables, uses, fromFile);
    const macs = uses.reduce((sum, use) => sum + use.macs, 0);
    const cost = { macs, shape: [classes] };
    const order = uses.flatMap(({ weight }) => (weight === undefined ? [] : [weight]));
    const found = { input: shape, cost, dense: denseParameters(variables, uses), order, ...seen };
    const network = new ScriptNetwork(this.#bytes, declared, found);
    if (network.prunable().length > 0) return network;
    throw this.#error(
      "expected a convolution or linear layer whose weight is a trained parameter, got none",
      "a frozen or quantised network has no parameters; save the one that is trained",
    );
  }

  dispose(): void {
    this.#script.dispose();
  }

  #variables(): FileVariable[] {
    return this.#explained(because("cannot be used"), () =>
      scope(() =>
        this.#script.variables().map(({ value, ...variable }) => {
          const values = isFloating(value.dtype) ? value.to({ dtype: "float32" }) : value;
          return { ...variable, values: values.toHost() };
        }),
      ),
    );
  }

  #checkOperations(names: readonly string[]): void {
    const issues = refusals(this.#operations, names);
    if (issues.length === 0) return;
    throw new InputError(
      issues.map((issue) => ({ ...issue, where: "model", message: `${this.#path}: ${issue.message}` })),
    );
  }

  /** A weight that is made from other parameters cannot be drawn, scored or masked by itself. */
  #checkParametrised(variables: readonly FileVariable[]): void {
    const part = variables.find(
      ({ name }) =>
        /(^|\.)parametrizations\.\w+\.original\d?$/.test(name) ||
        (/(^|\.)weight_g$/.test(name) && variables.some((other) => other.name === name.replace(/g$/, "v"))) ||
        (/(^|\.)weight_orig$/.test(name) && variables.some((other) => other.name === name.replace(/orig$/, "u"))),
    );
    if (part === undefined) return;
    throw this.#error(
      `expected plain weights, got ${part.name}, from which a hook makes a weight (weight norm, spectral norm): it could not be drawn again`,
      'in Python, before scripting: torch.nn.utils.remove_weight_norm(module), or remove_parametrizations(module, "weight")',
    );
  }

  /** Checks the network's output, in both modes, and returns what it does with its variables. */
  #dryRun(
    variables: readonly FileVariable[],
  ): Pick<Findings, "notes" | "needsTwoImages"> & { readonly uses: readonly ScriptUse[] } {
    const { output, uses } = this.#train(variables);
    this.#checkOutput(output, batches.training);
    this.#checkGradient(output, variables);
    this.#checkRepeated(output, this.#train(variables).output);
    const needsTwoImages = this.#failsAlone(variables);
    this.#script.bind(variables.map(({ values, isTrained }) => variable(values, isTrained)));
    this.#script.train(false);
    const notes = noGrad(() => {
      const logits = this.#evaluate();
      this.#checkRepeated(logits, this.#evaluate());
      const values = toNumbers(logits);
      this.#checkAlone(values);
      return outputNotes(values, this.#input.classes);
    });
    return { uses, notes, needsTwoImages };
  }

  /** An image's logits must be its own: in evaluation nothing may depend on the images that happen to be beside it. */
  #checkAlone(together: Float32Array): void {
    const { classes, shape } = this.#input;
    const size = elementCount(shape);
    const all = this.#images(batches.evaluation).toHost().data as Float32Array;
    const largest = together.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    for (let i = 0; i < batches.evaluation; i++) {
      const data = all.slice(i * size, (i + 1) * size);
      const output = this.#script.forward(Tensor.fromHost({ dtype: "float32", shape: [1, ...shape], data }));
      this.#checkOutput(output, 1);
      const alone = toNumbers(output);
      // Sums in another order differ by roundings, which depth adds up; another computation differs by far more.
      const differs = alone.some((value, c) => !(Math.abs(value - (together[i * classes + c] ?? 0)) <= 1e-3 * largest));
      if (differs && Number.isFinite(largest))
        throw this.#error(
          "expected logits of each image alone in evaluation, got others for an image by itself than beside two others",
          "forward() mixes the images of a batch: take means and softmax over dimension 1, and keep running statistics in normalisations",
        );
    }
  }

  /** Whether one image is too few to train on, as it is for batch norm over vectors; four have just passed. */
  #failsAlone(variables: readonly FileVariable[]): boolean {
    try {
      this.#train(variables, 1);
      return false;
    } catch (error) {
      if (error instanceof RunError) return true;
      throw error;
    }
  }

  /** A training pass from what the file has. */
  #train(variables: readonly FileVariable[], count = batches.training): ReturnType<Script["watch"]> {
    this.#script.bind(variables.map(({ values, isTrained }) => variable(values, isTrained)));
    this.#script.train(true);
    return this.#script.watch(this.#images(count));
  }

  #checkGradient({ requiresGrad }: Tensor, variables: readonly FileVariable[]): void {
    if (requiresGrad || !variables.some(({ isTrained }) => isTrained)) return;
    throw this.#error(
      "expected logits with a gradient, got some that are cut off from the weights",
      "leave out .detach(), .data and torch.no_grad() on the way to the logits",
    );
  }

  /** The net under the list of operations that draw random numbers. A NaN counts as another number. */
  #checkRepeated(once: Tensor, again: Tensor): void {
    if (once.equal(again).sum().item() === elementCount(again.shape)) return;
    throw this.#error(
      "expected the same logits for the same images, got others: forward() draws numbers or keeps a state",
    );
  }

  #evaluate(): Tensor {
    const output = this.#script.forward(this.#images(batches.evaluation));
    this.#checkOutput(output, batches.evaluation);
    return output;
  }

  #images(count: number): Tensor {
    const draws = stream(0, "images to describe a script");
    const shape = [count, ...this.#input.shape];
    const data = Float32Array.from({ length: elementCount(shape) }, () => draws.normal());
    return Tensor.fromHost({ dtype: "float32", shape, data });
  }

  #checkOutput({ shape, dtype }: Tensor, count: number): void {
    const { classes } = this.#input;
    if (shape.length === 2 && shape[0] === count && shape[1] === classes && dtype === "float32") return;
    const expected = `logits float32 [${count}, ${classes}] for ${count} images of shape [${this.#input.shape.join(", ")}]`;
    const got = `${dtype} [${shape.join(", ")}]`;
    if (dtype !== "float32") throw this.#complaint(wrongType(expected, got, dtype, this.#operations));
    throw this.#error(`expected ${expected}, got ${got}`, shapeHint(shape, count, classes));
  }

  /** Runs `use`, and says of what libtorch does not like that it is the file's fault. */
  #explained<T>(complaint: (cause: string) => Complaint, use: () => T): T {
    try {
      return use();
    } catch (error) {
      const cause = error instanceof RunError ? /^script\w+\(.*?\): (.*)$/s.exec(error.message)?.[1] : undefined;
      if (cause === undefined) throw error;
      throw this.#complaint(complaint(cause));
    }
  }

  #error(message: string, hint?: string): InputError {
    return this.#complaint(hint === undefined ? { message } : { message, hint });
  }

  #complaint({ message, ...hint }: Complaint): InputError {
    return new InputError({ where: "model", message: `${this.#path}: ${message}`, ...hint });
  }
}

/** What makes logits of a shape, one that is not [count, classes]. */
function shapeHint(shape: readonly number[], count: number, classes: number): string | undefined {
  if (shape.length > 2 && shape[0] === count)
    return "one row of logits per image: average over places, or flatten before the last layer";
  if (shape.length !== 2) return undefined;
  if (shape[1] === classes) return "tracing can fix the number of images: save it with torch.jit.script";
  return `the data have ${classes} classes: the last layer must have as many outputs`;
}

function toNumbers(tensor: Tensor): Float32Array {
  return tensor.toHost().data as Float32Array;
}

/** What is wrong with logits that are none any more: cross-entropy takes a softmax of its own. */
function outputNotes(values: Float32Array, classes: number): readonly string[] {
  const rows = Array.from({ length: values.length / classes }, (_, i) =>
    values.subarray(i * classes, (i + 1) * classes),
  );
  const between = (low: number, high: number) => values.every((value) => value >= low && value <= high);
  const sumsToOne = rows.every((row) => Math.abs(row.reduce((sum, value) => sum + value, 0) - 1) < 1e-3);
  const cost = "the loss takes logits and a softmax of its own, so this one costs accuracy";
  if (between(0, 1) && sumsToOne)
    return [`its outputs are probabilities (each row sums to 1): leave the softmax at the end out; ${cost}`];
  if (between(0, Number.POSITIVE_INFINITY) && values.some((value) => value === 0))
    return [
      "its outputs are never negative, as after a ReLU: leave it out; classes that end at 0 get no gradient, which costs accuracy",
    ];
  if (between(0, 1)) return [`its outputs all lie in [0, 1], as after a sigmoid: leave it out; ${cost}`];
  return [];
}

/** Operations that this libtorch does not have are mostly those of a newer PyTorch. */
function notLoaded(cause: string): Complaint {
  const message = `cannot be loaded by libtorch: ${cause}`;
  if (cause.includes("needs an argument"))
    return { message, hint: "the network is called with the images alone: give the argument a default" };
  const isNewer = /unknown builtin op|unsupported|version|not (a )?registered/i.test(cause);
  const hint = isNewer
    ? `the file may be of a newer PyTorch than libtorch ${engineInfo().libtorch}: save it with that version, or build the engine against a newer libtorch (LIBTORCH=/path make -C native)`
    : 'save it again with torch.jit.script(model).save("net.pt")';
  return { message, hint };
}

function because(what: string): (cause: string) => Complaint {
  return (cause) => ({ message: `${what}: ${cause}` });
}

function variable(values: HostArray, isTrained: boolean): Tensor {
  const tensor = Tensor.fromHost(values);
  if (isTrained) tensor.setRequiresGrad(true);
  return tensor;
}
