import { describe, expect, it } from "vitest";
import type { HostArray, StateDict } from "../core/array.ts";
import { InputError } from "../core/errors.ts";
import { bytesInUse } from "../tensor/engine.ts";
import { scope } from "../tensor/scope.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { BatchNorm } from "./batch-norm.ts";
import { Conv2d } from "./conv.ts";
import { initialWeights } from "./init.ts";
import { Linear } from "./linear.ts";
import { type Cost, Module } from "./module.ts";

/** Children before, between and after others, so that the order of the state dict shows. */
class Net extends Module {
  readonly head = new Linear(3, 2);
  readonly stages = [[new BatchNorm(3)], [new Conv2d(1, 3, 2), new BatchNorm(3)]].map((list) => new Chain(list));
  readonly note = "not a module";
  readonly numbers = [1, 2];

  override forward(x: Tensor): Tensor {
    return x;
  }

  override cost(shape: readonly number[]): Cost {
    return { macs: 0, shape };
  }
}

class Chain extends Module {
  readonly items: readonly Module[];

  constructor(items: readonly Module[]) {
    super();
    this.items = items;
  }

  override forward(x: Tensor): Tensor {
    return this.items.reduce((y, item) => item.forward(y), x);
  }

  override cost(shape: readonly number[]): Cost {
    return { macs: 0, shape };
  }
}

const cpu = { device: "cpu", dtype: "float32" } as const;
const norm = (prefix: string) =>
  ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"].map((name) => `${prefix}.${name}`);
// What torch.nn gives for the same tree: parameters, then buffers of each module, modules in order of definition.
const expectedNames = [
  "head.weight",
  "head.bias",
  ...norm("stages.0.items.0"),
  "stages.1.items.0.weight",
  ...norm("stages.1.items.1"),
];

function without(state: StateDict, ...names: string[]): StateDict {
  return new Map([...state].filter(([name]) => !names.includes(name)));
}

function message(run: () => void): string {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return error instanceof Error ? error.message : "";
  }
  return "accepted";
}

describe("the names of a module", () => {
  it("are PyTorch's state-dict names in PyTorch's order, parameters before buffers in each module", () => {
    expect(new Net().names()).toEqual(expectedNames);
    expect([...initialWeights(new Net(), 0, 0).keys()]).toEqual(expectedNames);
  });

  it("tell parameters, buffers and prunable weights apart", () => {
    const net = new Net();
    const buffers = expectedNames.filter((name) => /running|tracked/.test(name));
    expect([...net.namedBuffers().keys()]).toEqual(buffers);
    expect([...net.namedParameters().keys()]).toEqual(expectedNames.filter((name) => !buffers.includes(name)));
    expect(net.prunable()).toEqual([
      { name: "head.weight", kind: "linear", shape: [2, 3] },
      { name: "stages.1.items.0.weight", kind: "conv", shape: [3, 1, 2, 2] },
    ]);
  });
});

describe("load and stateDict", () => {
  it("give back the same bits, integers included, and dispose frees everything", () => {
    const start = bytesInUse();
    const net = new Net();
    const counted: HostArray = { dtype: "int64", shape: [], data: BigInt64Array.of(2n ** 53n + 1n) };
    const state = new Map([...initialWeights(net, 7, 0), ["stages.0.items.0.num_batches_tracked", counted]]);
    // Inside a scope, which must not free them.
    scope(() => net.load(state, cpu));
    expect(bytesInUse()).toBeGreaterThan(start);
    expect([...net.stateDict()]).toEqual([...state]);
    net.load(state, cpu);
    net.dispose();
    expect(bytesInUse()).toBe(start);
  });

  it("convert weights to the wanted type and leave counters alone", () => {
    const net = new Net();
    const state = initialWeights(net, 7, 0);
    net.load(state, { device: "cpu", dtype: "float64" });
    for (const [name, array] of net.stateDict()) {
      const tracked = name.endsWith("num_batches_tracked");
      expect(array.dtype).toBe(tracked ? "int64" : "float64");
      expect(Array.from<number | bigint>(array.data)).toEqual(Array.from<number | bigint>(state.get(name)?.data ?? []));
    }
    net.dispose();
  });

  it("make leaves of the parameters only", () => {
    const net = new Net();
    net.load(initialWeights(net, 7, 0), cpu);
    expect([...net.namedParameters().values()].map(({ tensor }) => tensor.requiresGrad)).not.toContain(false);
    expect([...net.namedBuffers().values()].map(({ tensor }) => tensor.requiresGrad)).not.toContain(true);
    net.dispose();
  });

  it("refuse with all missing, mis-shaped, mistyped and unexpected arrays at once, and load nothing", () => {
    const net = new Net();
    const bad: StateDict = new Map<string, HostArray>([
      ...without(initialWeights(net, 7, 0), "head.bias"),
      ["head.weight", { dtype: "float32", shape: [3, 2], data: new Float32Array(6) }],
      ["stages.1.items.0.weight", { dtype: "int64", shape: [3, 1, 2, 2], data: new BigInt64Array(12) }],
      ["stages.0.items.0.num_batches_tracked", { dtype: "float32", shape: [], data: new Float32Array(1) }],
      ["module.head.bias", { dtype: "float32", shape: [2], data: new Float32Array(2) }],
    ]);
    expect(message(() => net.load(bad, cpu)).split("\n")).toEqual([
      "head.weight: expected shape [2, 3], got [3, 2]",
      "head.bias: expected an array of shape [2], got none",
      "stages.0.items.0.num_batches_tracked: expected int64, got float32",
      "stages.1.items.0.weight: expected a floating type, got int64",
      "module.head.bias: expected no such array: the model has no parameter or buffer of this name",
    ]);
    expect(() => net.stateDict()).toThrow("internal: a model was used before load() or after dispose()");
  });
});

it("train(mode) reaches every module", () => {
  const net = new Net();
  net.train(false);
  const modules = [net, net.head, ...net.stages, ...net.stages.flatMap((stage) => stage.items)];
  expect(modules.map(({ training }) => training)).not.toContain(true);
  net.train(true);
  expect(modules.map(({ training }) => training)).not.toContain(false);
});
