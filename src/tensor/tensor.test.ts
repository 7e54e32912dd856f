import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import type { HostArray } from "../core/array.ts";
import { InputError } from "../core/errors.ts";
import { bytesInUse, checkDevice, engineInfo, getThreads, peakBytes, resetPeak, setThreads } from "./engine.ts";
import { native } from "./load.ts";
import { conv2d } from "./ops.ts";
import { scope } from "./scope.ts";
import { DisposedTensorError, Tensor } from "./tensor.ts";

const f32 = (shape: number[], data: number[]) =>
  Tensor.fromHost({ dtype: "float32", shape, data: Float32Array.from(data) });

describe("copies from and to host memory", () => {
  const arrays: HostArray[] = [
    { dtype: "float32", shape: [2, 2], data: new Float32Array([1.5, -2, Number.NaN, Number.POSITIVE_INFINITY]) },
    { dtype: "float64", shape: [3], data: new Float64Array([1e-300, -0, 0.1]) },
    { dtype: "float16", shape: [2], data: new Uint16Array([0x3c00, 0xfbff]) },
    { dtype: "bfloat16", shape: [2], data: new Uint16Array([0x3f80, 0xc040]) },
    { dtype: "int64", shape: [2], data: new BigInt64Array([-(2n ** 63n), 2n ** 63n - 1n]) },
    { dtype: "int32", shape: [2], data: new Int32Array([-(2 ** 31), 2 ** 31 - 1]) },
    { dtype: "int16", shape: [2], data: new Int16Array([-32768, 32767]) },
    { dtype: "int8", shape: [2], data: new Int8Array([-128, 127]) },
    { dtype: "uint8", shape: [2], data: new Uint8Array([0, 255]) },
    { dtype: "bool", shape: [2], data: new Uint8Array([0, 1]) },
    { dtype: "float32", shape: [], data: new Float32Array([3]) },
    { dtype: "float32", shape: [0, 3], data: new Float32Array(0) },
    { dtype: "int32", shape: [2, 3, 2, 2], data: Int32Array.from({ length: 24 }, (_, i) => i) },
  ];
  it.each(arrays)("$dtype $shape comes back bit for bit", (array) => {
    const t = Tensor.fromHost(array);
    expect(t.dtype).toBe(array.dtype);
    expect(t.shape).toEqual(array.shape);
    expect(t.device).toBe("cpu");
    expect(t.toHost()).toEqual(array);
  });

  it("copies, so that later changes of the source do not show", () => {
    const data = new Float32Array([1, 2]);
    const t = Tensor.fromHost({ dtype: "float32", shape: [2], data });
    data[0] = 9;
    expect(t.toHost().data).toEqual(new Float32Array([1, 2]));
  });

  it("reads the part of a buffer that a typed array shows", () => {
    const data = new Float32Array([0, 1, 2, 3]).subarray(1, 3);
    expect(Tensor.fromHost({ dtype: "float32", shape: [2], data }).toHost().data).toEqual(new Float32Array([1, 2]));
  });

  it("converts on the way in and with to()", () => {
    const t = Tensor.fromHost({ dtype: "uint8", shape: [3], data: new Uint8Array([0, 1, 200]) }, { dtype: "float32" });
    expect(t.toHost().data).toEqual(new Float32Array([0, 1, 200]));
    expect(t.to({ dtype: "bool" }).toHost().data).toEqual(new Uint8Array([0, 1, 1]));
    expect(f32([2], [1, -2.5]).to({ dtype: "bfloat16" }).toHost().data).toEqual(new Uint16Array([0x3f80, 0xc020]));
  });

  it("a layout is never visible in values", () => {
    const data = Array.from({ length: 24 }, (_, i) => i);
    const t = f32([2, 3, 2, 2], data);
    expect(Array.from(t.contiguous().toHost().data as Float32Array)).toEqual(data);
    expect(Array.from(t.contiguous("channels-last").toHost().data as Float32Array)).toEqual(data);
    expect(Array.from(t.flatten(1).toHost().data as Float32Array)).toEqual(data);
  });

  it("creates constants", () => {
    expect(Tensor.zeros([2]).toHost()).toEqual({ dtype: "float32", shape: [2], data: new Float32Array(2) });
    expect(Tensor.full([1, 1, 1, 2], 0.1, { dtype: "float64" }).toHost().data).toEqual(new Float64Array([0.1, 0.1]));
    expect(Tensor.full([1], 7, { dtype: "int64" }).toHost().data).toEqual(new BigInt64Array([7n]));
    expect(Tensor.full([1], 7, { dtype: "int64" }).item()).toBe(7);
  });

  it("copyFrom() overwrites in place, across types, and keeps the target's type", () => {
    const target = f32([2], [1, 2]).setRequiresGrad(true);
    const view = target.detach();
    target.copyFrom(Tensor.fromHost({ dtype: "int32", shape: [2], data: new Int32Array([5, 6]) }));
    expect(view.toHost().data).toEqual(new Float32Array([5, 6]));
    expect(target.requiresGrad).toBe(true);
    expect(() => target.copyFrom(f32([3], [1, 2, 3]))).toThrow(
      /^copyFrom\(float32 \[2\], float32 \[3\]\): the shapes differ/,
    );
  });

  it("clone() has memory of its own, detach() shares it", () => {
    const a = f32([1], [1]);
    const [copy, same] = [a.clone(), a.detach()];
    a.copyFrom(f32([1], [2]));
    expect([copy.item(), same.item()]).toEqual([1, 2]);
  });

  it("refuses impossible sizes by name", () => {
    expect(() => Tensor.zeros([-1])).toThrow(/^full\(\[-1\], .*a shape has no negative sizes/);
    expect(() => Tensor.zeros([2 ** 40, 2 ** 40])).toThrow("more than 2^63 elements");
    expect(() => Tensor.zeros([1.5])).toThrow("argument 1 must be a list of whole numbers");
    expect(() => f32([2], [1, 2]).item()).toThrow("item() needs a tensor with exactly one element");
    expect(() => f32([2], [1, 2]).contiguous("channels-last")).toThrow(/^contiguous\(float32 \[2\], true\)/);
  });

  it("says how much memory was missing", () => {
    expect(() => Tensor.zeros([2 ** 45])).toThrow(
      /full\(\[35184372088832\].*out of memory: no 140737488355328 bytes.*\n.*smaller batch/,
    );
  });
});

describe("memory", () => {
  it("is counted, with the peak", () => {
    const start = bytesInUse();
    resetPeak();
    const a = Tensor.zeros([1000]);
    expect(bytesInUse() - start).toBe(4000);
    const b = Tensor.zeros([500], { dtype: "float64" });
    b.dispose();
    expect(bytesInUse() - start).toBe(4000);
    expect(peakBytes() - start).toBe(8000);
    a.dispose();
    expect(bytesInUse()).toBe(start);
  });

  it("counts what autograd keeps for backward()", () => {
    const x = Tensor.zeros([1000]).setRequiresGrad(true);
    const start = bytesInUse();
    const y = scope(() => x.exp().exp().sum());
    expect(bytesInUse() - start).toBe(8000 + 4);
    y.dispose();
    expect(bytesInUse()).toBe(start);
    x.dispose();
  });

  it("a view keeps the memory of what it shows", () => {
    const start = bytesInUse();
    const a = Tensor.zeros([1000]);
    const view = a.narrow(0, 0, 1);
    a.dispose();
    expect(bytesInUse() - start).toBe(4000);
    expect(view.item()).toBe(0);
    view.dispose();
    expect(bytesInUse()).toBe(start);
  });
});

describe("the safety net", () => {
  it("frees a forgotten tensor after it was garbage-collected", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const start = bytesInUse();
    for (let i = 0; i < 10; i++) Tensor.zeros([1000]);
    expect(bytesInUse() - start).toBe(40_000);
    for (let tries = 0; tries < 50 && bytesInUse() > start; tries++) {
      collect();
      await new Promise((resolve) => setImmediate(resolve)); // finalizers run between turns of the event loop
    }
    expect(bytesInUse()).toBeLessThanOrEqual(start); // less, when tensors of earlier tests were collected too
  });
});

describe("a disposed tensor", () => {
  it("may be disposed again, and is refused everywhere else with the fix", () => {
    const a = f32([2], [1, 2]);
    const b = f32([2], [3, 4]);
    expect(a.shape).toEqual([2]);
    a.dispose();
    a.dispose();
    expect(a.disposed).toBe(true);
    for (const use of [
      () => a.add(1),
      () => b.add(a),
      () => a.shape,
      () => a.toHost(),
      () => a.grad,
      () => conv2d(a, b),
    ]) {
      expect(use).toThrow(DisposedTensorError);
      expect(use).toThrow("this tensor (float32 [2]) was freed and cannot be used: compute with it inside its scope()");
    }
    expect(b.toHost().data).toEqual(new Float32Array([3, 4]));
  });

  it("never becomes another tensor that reuses its slot", () => {
    const a = f32([1], [1]);
    const stale = a.handle;
    a.dispose();
    const b = f32([1], [2]);
    expect(() => native().item(stale)).toThrow("the tensor's handle is not in use");
    native().dispose(stale);
    expect(b.item()).toBe(2);
  });
});

describe("arguments of the addon", () => {
  it("are checked again in C++", () => {
    const n = native();
    expect(() => n.item(Number.NaN)).toThrow("argument 1 must be a whole number");
    expect(() => n.item(0)).toThrow("the tensor's handle is not in use");
    expect(() => n.item(12345678)).toThrow("the tensor's handle is not in use");
    expect(() => n.fromHost(new Float32Array(3), [2], "float32", "float32", "cpu")).toThrow(
      "the array has 12 bytes, the tensor 8",
    );
    expect(() => n.toHost(f32([2], [1, 2]).handle, new Float32Array(1))).toThrow("the array has 4 bytes, the tensor 8");
    expect(() => Tensor.zeros([1], { device: "tpu" })).toThrow(/^full\(\[1\], 0, "float32", "tpu"\): /);
  });
});

describe("engine", () => {
  it("describes itself", () => {
    const info = engineInfo();
    expect(info.libtorch).toMatch(/^\d+\.\d+\.\d+/);
    expect(info.mkldnn).toBe(true);
    expect(info.cpuCapability).toMatch(/^(AVX2|AVX512|DEFAULT|NO AVX|default)/i);
    expect(info.cudaDevices).toBeGreaterThanOrEqual(0);
  });

  it("sets the number of threads", () => {
    const before = getThreads();
    setThreads(1);
    expect(getThreads()).toBe(1);
    expect(engineInfo().threads).toBe(1);
    setThreads(before);
    expect(() => setThreads(0)).toThrow("the number of threads must be in 1 .. 4096");
  });

  it("checks device names", () => {
    expect(checkDevice("cpu")).toBe("cpu");
    expect(() => checkDevice("gpu")).toThrow('device: expected "cpu" or "cuda:N", got "gpu"');
    expect(() => checkDevice("cuda:99")).toThrow(InputError);
    expect(() => checkDevice("cuda:99")).toThrow("device: cuda:99 is not there");
  });
});
