import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { sha256 } from "../core/canonical-json.ts";
import { InputError } from "../core/errors.ts";
import { initialWeights } from "../nn/init.ts";
import { bytesInUse } from "../tensor/engine.ts";
import { crossEntropy } from "../tensor/ops.ts";
import { scope } from "../tensor/scope.ts";
import { Tensor } from "../tensor/tensor.ts";
import { testModel } from "./contract.ts";
import { buildModel, describeModel, modelIdentity } from "./index.ts";
import type { ModelInput, ModelSpec } from "./types.ts";

const fixtures = join(import.meta.dirname, "..", "..", "test", "fixtures");
const folder = mkdtempSync(join(tmpdir(), "sweepstake-torchscript-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string): string {
  return join(fixtures, "torchscript", `${name}.pt`);
}
function script(name: string, options: Readonly<Record<string, string>> = {}): ModelSpec {
  return { name: "torchscript", torchscript: file(name), ...options };
}
const three: ModelInput = { classes: 3, shape: [1, 8, 8] };

/** What is wrong with the model; the file's path is left out. */
function complaint(spec: ModelSpec, input: ModelInput = three): string {
  const path = typeof spec.torchscript === "string" ? spec.torchscript : "no file";
  try {
    buildModel(spec, input);
  } catch (error) {
    if (error instanceof InputError) return error.message.replaceAll(path, "FILE");
    throw error;
  }
  return "nothing";
}

testModel(script("residual"), { classes: 10, shape: [2, 8, 8] });
testModel(script("traced"), { classes: 10, shape: [2, 8, 8] });
testModel(script("attention"), { classes: 10, shape: [2, 8, 8] });

describe("a network with parameters of every kind", () => {
  const model = buildModel(script("odd"), three);
  const theta0 = initialWeights(model, 0, 0);
  const values = (name: string) => Array.from<number | bigint>(theta0.get(name)?.data ?? []).map(Number);

  it("has PyTorch's names in PyTorch's order, a tied weight once", () => {
    expect(model.names()).toEqual([
      ...["functional", "scale", "offset", "calls", "average", "which"],
      ...["embedding.weight", "own.weight", "own.bias", "norm.weight", "norm.bias"],
      ...["frozen.weight", "frozen.bias", "first.weight", "first.bias", "tied.bias"],
      ...["unused.weight", "unused.bias", "classifier.weight"],
    ]);
  });

  it("is pruned where a convolution or linear layer uses a trained parameter, not by shape or class", () => {
    expect(model.prunable().map(({ name, kind }) => [name, kind])).toEqual([
      ["own.weight", "conv"],
      ["functional", "conv"],
      ["first.weight", "linear"],
      ["classifier.weight", "linear"],
    ]);
  });

  it("says of every other parameter why it is not pruned", () => {
    const reasons = new Map(model.dense()?.map(({ name, reason }) => [name, reason]));
    expect([...reasons.keys()]).toEqual([
      ...["scale", "offset", "embedding.weight", "own.bias", "norm.weight", "norm.bias"],
      ...["frozen.weight", "frozen.bias", "first.bias", "tied.bias", "unused.weight", "unused.bias"],
    ]);
    const named = (reason: string) => [...reasons].filter(([, found]) => found === reason).map(([name]) => name);
    expect(named("bias")).toEqual(["own.bias", "first.bias", "tied.bias"]);
    expect(named("normalisation")).toEqual(["norm.weight", "norm.bias"]);
    expect(named("frozen")).toEqual(["frozen.weight", "frozen.bias"]);
  });

  it("trains what requires a gradient, in float32 whatever the file has", () => {
    const parameters = [...model.namedParameters().keys()];
    expect(parameters).not.toContain("frozen.weight");
    expect(parameters).toContain("scale");
    expect(theta0.get("scale")?.dtype).toBe("float32");
    expect(values("scale")).toEqual([0.5, 0.5, 0.5, 0.5]);
    expect(values("offset")).toEqual([0.25, 0.25, 0.25, 0.25]);
  });

  it("draws known layers by PyTorch's default, resets normalisations, and keeps the rest", () => {
    const other = initialWeights(model, 1, 0);
    for (const name of ["own.weight", "own.bias", "functional", "first.weight", "tied.bias"])
      expect(other.get(name), name).not.toEqual(theta0.get(name));
    for (const name of ["embedding.weight", "frozen.weight", "unused.weight", "average", "calls", "which"])
      expect(other.get(name), name).toEqual(theta0.get(name));
    expect(new Set(values("norm.weight"))).toEqual(new Set([1]));
    // U(±1/√fan_in): 9 inputs of a 3×3 kernel on one channel, 8 of a linear layer.
    expect(Math.max(...values("own.weight").map(Math.abs))).toBeLessThanOrEqual(1 / 3);
    expect(Math.max(...values("own.weight").map(Math.abs))).toBeGreaterThan(0.25);
    expect(Math.max(...values("tied.bias").map(Math.abs))).toBeLessThanOrEqual(1 / Math.sqrt(8));
    expect(theta0.get("which")).toEqual({ dtype: "bool", shape: [2], data: Uint8Array.of(1, 0) });
  });

  it("keeps buffers that are assigned, and gives a tied weight the gradient of both uses", () => {
    const start = bytesInUse();
    model.load(theta0, { device: "cpu", dtype: "float64" });
    scope(() => {
      const x = Tensor.full([2, 1, 8, 8], 1, { dtype: "float64" });
      for (let step = 0; step < 3; step++) {
        const labels = Tensor.fromHost({ dtype: "int64", shape: [2], data: BigInt64Array.of(0n, 2n) });
        crossEntropy(model.forward(x), labels).backward();
      }
      for (const [name, { tensor }] of model.namedParameters()) {
        if (!name.startsWith("unused")) expect(tensor.grad?.shape, name).toEqual(tensor.shape);
        tensor.zeroGrad();
      }
    });
    const state = model.stateDict();
    expect(state.get("calls")?.data).toEqual(BigInt64Array.of(8n));
    expect(state.get("average")?.data).toEqual(Float64Array.of(1.25, 1.25)); // 3, then thrice half-way to 1
    model.dispose();
    expect(bytesInUse()).toBe(start);
  });
});

describe("init: file", () => {
  it("is what the file has for every seed, and θ0' is drawn all the same", () => {
    const fromFile = buildModel(script("lenet5", { init: "file" }), { classes: 10, shape: [1, 28, 28] });
    const drawn = buildModel(script("lenet5"), { classes: 10, shape: [1, 28, 28] });
    expect([...initialWeights(fromFile, 0, 0)]).toEqual([...initialWeights(fromFile, 1, 0)]);
    expect([...initialWeights(fromFile, 0, 0)]).not.toEqual([...initialWeights(drawn, 0, 0)]);
    expect([...initialWeights(fromFile, 5, 1)]).toEqual([...initialWeights(drawn, 5, 1)]);
  });
});

describe("what is refused, by name", () => {
  it("random numbers, modes and devices that are fixed, and state that no checkpoint has: all at once", () => {
    const message = complaint(script("refused"));
    expect(message).toContain("expected no dropout, whose draws cannot be repeated, got dropout");
    expect(message).toContain("expected no random numbers, which cannot be repeated, got rand");
    expect(message).toContain("expected batch-norm that follows the network's mode, got one that is fixed in training");
    expect(message).toContain("expected no fixed device, got cuda:0 in rand");
    expect(message).toContain("expected forward() to change buffers only, got one that sets the attribute calls");
  });

  it.each([
    ["traced-batch-norm", "fixed in evaluation\n  hint: tracing fixes the mode"],
    ["stateful", "expected the same logits for the same images, got others"],
    ["two-outputs", "expected forward() to return the logits alone, got a tuple\n  hint: wrap it before it is saved"],
    ["fixed-batch", "got float32 [4, 3]\n  hint: tracing can fix the number of images"],
    ["frozen", "expected a convolution or linear layer whose weight is a trained parameter, got none"],
  ])("%s", (name, text) => {
    expect(complaint(script(name))).toContain(text);
  });

  it("not a dropout that drops nothing, nor double parameters", () => {
    expect(complaint(script("harmless"))).toBe("nothing");
  });

  it("not an attention without dropout, whose input projection is pruned, nor a draw in a branch that no run takes", () => {
    const model = buildModel(script("attention"), { classes: 10, shape: [2, 8, 8] });
    expect(model.prunable().map(({ name }) => name)).toEqual([
      ...["stem.weight", "attention.in_proj_weight", "attention.out_proj.weight", "classifier.weight"],
    ]);
  });

  it("dropout that is or may be other than 0: by an attribute, one that changes, a branch on a value, a recurrent layer", () => {
    const message = complaint(script("dropouts"));
    expect(message).toContain("got feature_dropout with p = 0.25\n  hint: set p = 0 in every dropout"); // half of 0.5
    expect(message).toContain("got alpha_dropout whose probability is not known to be 0");
    expect(message).toContain("got dropout whose probability is not known to be 0");
    expect(message).toContain("got gru with p = 0.25");
    expect(message).toContain("one that sets the attribute rate");
  });

  it("draws that are in no list, in training alone", () => {
    expect(complaint(script("unlisted"))).toContain("expected the same logits for the same images, got others");
  });

  it.each([
    [
      "double-logits",
      "expected logits float32 [4, 3] for 4 images of shape [1, 8, 8], got float64 [4, 3]; forward() asks for float64",
    ],
    ["double-inside", "FILE: cannot compute with float32 images and weights: "],
    ["double-inside", "; forward() asks for float64\n  hint: leave out .double()"],
    ["complex-logits", "expected logits of type float32, got ComplexFloat\n  hint: return real numbers"],
    ["rounded-logits", "got int64 [4, 3]\n  hint: logits need a gradient: return the last layer's output itself"],
    [
      "detached-logits",
      "expected logits with a gradient, got some that are cut off from the weights\n  hint: leave out .detach()",
    ],
  ])("types that training cannot use, with the fix: %s", (name, text) => {
    expect(complaint(script(name))).toContain(text);
    expect(complaint(script(name))).not.toContain("tracing");
  });

  it("images and classes that do not fit, with the expected and the found shape", () => {
    expect(complaint(script("harmless"), { classes: 10, shape: [1, 8, 8] })).toContain(
      "FILE: expected logits float32 [4, 10] for 4 images of shape [1, 8, 8], got float32 [4, 3]\n  hint: the data have 10 classes: the last layer must have as many outputs",
    );
    const message = complaint(script("harmless"), { classes: 3, shape: [3, 8, 8] });
    expect(message).toContain("FILE: does not take images of shape [3, 8, 8]");
    expect(message).toContain("to have 1 channels, but got 3 channels");
    expect(message.split("\n").length).toBeLessThan(4);
  });

  it("files of other kinds", () => {
    const path = join(folder, "other.pt");
    const of = (bytes: string | Uint8Array) => {
      writeFileSync(path, bytes);
      return complaint({ name: "torchscript", torchscript: path });
    };
    expect(of("{}")).toContain("expected FILE to be a network saved as TorchScript, got another kind of file");
    expect(of(Uint8Array.of(0x80, 2, 0x8a))).toContain("got weights without a network");
    const whole = readFileSync(file("harmless"));
    // Without the end of its directory, with its middle overwritten, with one flipped bit in an entry.
    expect(of(whole.subarray(0, whole.length - 40))).toContain("the file is damaged or cut off");
    const overwritten = Buffer.from(whole).fill(0xff, Math.floor(whole.length * 0.3), Math.floor(whole.length * 0.6));
    expect(of(overwritten)).toContain("the file is damaged or cut off");
    const at = whole.indexOf("/data.pkl") + 200;
    whole.writeUInt8(whole.readUInt8(at) ^ 1, at);
    expect(of(whole)).toContain("the file is damaged or cut off");
    expect(complaint({ name: "torchscript", torchscript: join(folder, "nowhere.pt") })).toContain("no such file");
    expect(complaint({ name: "torchscript" })).toContain("expected a file saved by torch.jit.save");
  });

  it("a state dict", () => {
    const path = join(fixtures, "checkpoints", "state-dict.pt");
    expect(complaint({ name: "torchscript", torchscript: path })).toContain("got weights without a network");
  });
});

describe("the identity of a network in a file", () => {
  const content = sha256(readFileSync(file("harmless")));

  it("is its content, not its place", () => {
    const copy = join(folder, "copy.pt");
    copyFileSync(file("harmless"), copy);
    const spec = script("harmless", { sha256: content });
    expect(modelIdentity(spec)).toEqual({ name: "torchscript", sha256: content });
    expect(modelIdentity({ ...spec, torchscript: copy })).toEqual(modelIdentity(spec));
    expect(describeModel({ ...spec, torchscript: copy }, three)).toEqual(describeModel(spec, three));
  });

  it("is checked whenever it is built", () => {
    const path = join(folder, "changing.pt");
    copyFileSync(file("harmless"), path);
    const spec = { name: "torchscript", torchscript: path, sha256: content };
    expect(complaint(spec)).toBe("nothing");
    copyFileSync(file("odd"), path);
    expect(complaint(spec)).toContain(`expected FILE to have the SHA-256 ${content}, got`);
    rmSync(path);
    expect(complaint(spec)).toContain("which cannot be read");
  });
});

describe("what an author gets wrong", () => {
  const ten: ModelInput = { classes: 10, shape: [1, 8, 8] };

  it("layers are in the order of execution, not of registration", () => {
    const { prunable } = describeModel(script("small-plain"), ten);
    expect(prunable.map(({ name }) => name)).toEqual(["stem.weight", "block.weight", "head.weight"]);
    expect(describeModel(script("small-plain"), ten)).not.toHaveProperty("notes");
    expect(describeModel(script("small-plain"), ten)).not.toHaveProperty("needsTwoImages");
  });

  it.each([
    ["softmax", "leave the softmax at the end out"],
    ["sigmoid", "as after a sigmoid: leave it out"],
    ["relu", "as after a ReLU: leave it out"],
  ])("%s at the end is noted with what it costs", (name, note) => {
    const [found, ...others] = describeModel(script(`small-${name}`), ten).notes ?? [];
    expect(others).toEqual([]);
    expect(found).toContain(note);
    expect(found).toContain("costs accuracy");
  });

  it("logits that depend on the other images of the batch are refused", () => {
    expect(complaint(script("small-mixed"), ten)).toContain(
      "expected logits of each image alone in evaluation, got others for an image by itself",
    );
  });

  it("batch norm over vectors needs two images, which is known before any training", () => {
    expect(describeModel(script("small-vectors"), ten).needsTwoImages).toBe(true);
  });

  it("weight norm is refused by the name of its part", () => {
    expect(complaint(script("weight-norm"), ten)).toMatch(
      /expected plain weights, got head\.weight_g.*\n.*remove_weight_norm/,
    );
  });
});
