import { resolve } from "node:path";
import { z } from "zod";
import type { HostArray } from "../core/array.ts";
import { elementCount } from "../core/array.ts";
import { InputError, RunError } from "../core/errors.ts";
import { stream } from "../core/rng.ts";
import { ScriptNetwork } from "../nn/script-network.ts";
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
    this.#script = this.#explained(because("cannot be loaded by libtorch"), () => new Script(this.#bytes));
    this.#operations = this.#script.operations();
  }

  network(fromFile: boolean): ScriptNetwork {
    const { shape, classes } = this.#input;
    const variables = this.#variables();
    this.#checkOperations(variables.map(({ name }) => name));
    const uses = this.#explained(
      (cause) => failedPass(cause, `[${shape.join(", ")}]`, this.#operations),
      () => scope(() => this.#dryRun(variables)),
    );
    const declared = declareVariables(variables, uses, fromFile);
    const macs = uses.reduce((sum, use) => sum + use.macs, 0);
    const cost = { macs, shape: [classes] };
    const found = { input: shape, cost, dense: denseParameters(variables, uses) };
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

  /** Checks the network's output, in both modes, and returns what it does with its variables. */
  #dryRun(variables: readonly FileVariable[]): readonly ScriptUse[] {
    const { output, uses } = this.#train(variables);
    this.#checkOutput(output, batches.training);
    this.#checkGradient(output, variables);
    this.#checkRepeated(output, this.#train(variables).output);
    this.#script.train(false);
    noGrad(() => this.#checkRepeated(this.#evaluate(), this.#evaluate()));
    return uses;
  }

  /** A training pass from what the file has. */
  #train(variables: readonly FileVariable[]): ReturnType<Script["watch"]> {
    this.#script.bind(variables.map(({ values, isTrained }) => variable(values, isTrained)));
    this.#script.train(true);
    return this.#script.watch(this.#images(batches.training));
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
    throw this.#error(
      `expected ${expected}, got ${got}`,
      shape[1] === classes ? "tracing can fix the number of images: save it with torch.jit.script" : undefined,
    );
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

function because(what: string): (cause: string) => Complaint {
  return (cause) => ({ message: `${what}: ${cause}` });
}

function variable(values: HostArray, isTrained: boolean): Tensor {
  const tensor = Tensor.fromHost(values);
  if (isTrained) tensor.setRequiresGrad(true);
  return tensor;
}
