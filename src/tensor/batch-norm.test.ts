import { describe, expect, it } from "vitest";
import { elementCount } from "../core/array.ts";
import { stream } from "../core/rng.ts";
import { setThreads } from "./engine.ts";
import { checkGradients, type Fn, positive, separated } from "./gradients.fixture.ts";
import { type BatchNormOptions, batchNorm, batchNormAdd, batchNormRelu } from "./ops.ts";
import { scope } from "./scope.ts";
import { Tensor } from "./tensor.ts";

type Type = "float32" | "float64" | "bfloat16";

// 20 channels: fold into rows of 80. 3000 rows: many blocks, the last one shorter. 6 into 48; 7 pixels of 33 channels do not fold:
// two vectors and one channel left over. 600: too many to fold, a rest of 8.
const shapes = [
  [8, 20, 25, 15],
  [3000, 20],
  [16, 6, 14, 14],
  [7, 33],
  [4, 600, 3, 3],
  [2, 3, 7, 5],
];

function options(weight: Tensor, bias: Tensor, training = true): BatchNormOptions {
  const dtype = weight.dtype;
  const runningMean = Tensor.full(weight.shape, 0.3, { dtype });
  const runningVar = Tensor.full(weight.shape, 1.7, { dtype });
  return { weight, bias, runningMean, runningVar, training, momentum: 0.1, eps: 1e-5 };
}

/** Elementary operations, whose gradients are libtorch's. */
const normalised = (x: Tensor, w: Tensor, b: Tensor): Tensor => {
  const others = x.shape.flatMap((_, d) => (d === 1 ? [] : [d]));
  const along = x.shape.map((_, d) => (d === 1 ? -1 : 1));
  const centred = x.sub(x.mean(others, true));
  const std = centred.square().mean(others, true).add(1e-5).sqrt();
  return centred.div(std).mul(w.reshape(along)).add(b.reshape(along));
};

type Four = (x: Tensor, weight: Tensor, bias: Tensor, residual: Tensor) => Tensor;

/** Name, fused, composed. */
const forms: readonly (readonly [string, Four, Four])[] = [
  ["alone", (x, w, b) => batchNorm(x, options(w, b)), normalised],
  ["+ residual", (x, w, b, r) => batchNormAdd(x, options(w, b), r), (x, w, b, r) => normalised(x, w, b).add(r)],
  ["+ ReLU", (x, w, b) => batchNormRelu(x, options(w, b)), (x, w, b) => normalised(x, w, b).relu()],
  [
    "+ residual + ReLU",
    (x, w, b, r) => batchNormRelu(x, options(w, b), r),
    (x, w, b, r) => normalised(x, w, b).add(r).relu(),
  ],
];

/**
 * The output and the gradients of the inputs that have one. x, the residual and the output's gradient are rounded to `rounded` first, so that
 * two types can start from the same numbers.
 */
function run(f: Four, shape: readonly number[], dtype: Type, rounded: Type = dtype): readonly Tensor[] {
  const channels = [shape[1] ?? 0];
  const parameters = dtype === "bfloat16" ? "float32" : dtype;
  // Normal around 100 with a deviation of 0.4: a variance taken from raw squares would lose float32's digits.
  const draws = stream(0, "x", shape.length);
  const data = Float64Array.from({ length: elementCount(shape) }, () => 100 + 0.4 * draws.normal());
  const start = (t: Tensor, type: Type) => t.to({ dtype: rounded }).to({ dtype: type }).detach().setRequiresGrad(true);
  const x = start(Tensor.fromHost({ dtype: "float64", shape, data }), dtype);
  const w = start(Tensor.fromHost(positive(channels, "w")), parameters);
  const b = start(Tensor.fromHost(positive(channels, "b")).sub(1.25), parameters);
  const residual = start(Tensor.fromHost(positive(shape, "r")).sub(1.25), dtype);
  const y = f(x, w, b, residual);
  y.mul(start(Tensor.fromHost(positive(shape, "weights")).sub(1.25), dtype).detach())
    .sum()
    .backward();
  return [y, ...[x, w, b, residual].flatMap(({ grad }) => grad ?? [])];
}

function numbers(tensors: readonly Tensor[]): readonly (readonly number[])[] {
  return tensors.map((t) => Array.from(t.to({ dtype: "float64" }).toHost().data, Number));
}

const types = [
  ["float64", 1e-11], // sums of 3000 terms, cancelled by a factor of 250
  ["float32", 3e-4],
] as const;

describe.each(forms)("fused batch-norm %s", (name, fused, composed) => {
  it.each(shapes)("is its composition from elementary operations, values and gradients: %i, %i, ...", (...shape) => {
    // float32 rounds the mean of 100 to 2^-18, that is 1e-5 of the deviation; ReLU's kink would turn that into whole elements, so
    // float32 with ReLU has its own test below.
    for (const [dtype, tolerance] of name.endsWith("ReLU") ? [types[0]] : types) {
      const expected = scope(() => numbers(run(composed, shape, "float64", dtype)));
      const got = scope(() => numbers(run(fused, shape, dtype)));
      for (const [which, values] of expected.entries()) {
        const scale = Math.max(...values.map(Math.abs));
        const worst = Math.max(...values.map((v, i) => Math.abs(v - (got[which]?.[i] ?? Number.NaN))));
        expect(worst, `${dtype}, result ${which}`).toBeLessThanOrEqual(tolerance * scale);
      }
    }
  });

  it.each([
    [2, 3, 3, 2],
    [5, 3],
    [2, 17, 1, 2],
  ])("agrees with central differences in float64: %i, %i, ...", (...shape) => {
    const f: Fn = (x = ones, w = ones, b = ones, r = ones) => fused(x, w, b, r).square();
    const channels = [shape[1]];
    const inputs = [separated(shape, "x"), positive(channels, "w"), separated(channels, "b"), separated(shape, "r")];
    checkGradients(f, name.includes("residual") ? inputs : inputs.slice(0, 3));
  });

  it("in bfloat16 is float32's arithmetic, rounded once", () => {
    scope(() => {
      for (const shape of shapes) {
        const [y, dx, dw, db, dr] = run(fused, shape, "bfloat16");
        const [y32, dx32, dw32, db32, dr32] = run(fused, shape, "float32", "bfloat16");
        const round = (t: Tensor | undefined) => t?.to({ dtype: "bfloat16" }).toHost().data;
        expect(y?.toHost().data).toEqual(round(y32));
        expect(dx?.toHost().data).toEqual(round(dx32));
        expect(dr?.toHost().data).toEqual(round(dr32));
        expect(dw?.toHost()).toEqual(dw32?.toHost());
        expect(db?.toHost()).toEqual(db32?.toHost());
      }
    });
  });

  it("gives the same bits with one thread and two", () => {
    const [shape = []] = shapes;
    for (const dtype of ["float32", "bfloat16"] as const) {
      setThreads(1);
      const one = scope(() => numbers(run(fused, shape, dtype)));
      setThreads(2);
      expect(scope(() => numbers(run(fused, shape, dtype)))).toEqual(one);
    }
  });
});

const ones = Tensor.full([1], 1, { dtype: "float64" });

describe("fused ReLU", () => {
  it.each(shapes)("gives the bits of relu() after the fused rest, values and gradients: %i, %i, ...", (...shape) => {
    for (const dtype of ["float32", "bfloat16"] as const) {
      scope(() => {
        const apart: Four = (x, w, b, r) => batchNormAdd(x, options(w, b), r).relu();
        const together: Four = (x, w, b, r) => batchNormRelu(x, options(w, b), r);
        expect(numbers(run(together, shape, dtype))).toEqual(numbers(run(apart, shape, dtype)));
        const plain: Four = (x, w, b) => batchNorm(x, options(w, b)).relu();
        const gated: Four = (x, w, b) => batchNormRelu(x, options(w, b));
        if (dtype === "float32") expect(numbers(run(gated, shape, dtype))).toEqual(numbers(run(plain, shape, dtype)));
      });
    }
  });
});

describe("fused batch-norm at its limits", () => {
  it("in evaluation normalises by the running statistics, values and gradients", () => {
    const f: Fn = (x = ones, w = ones, b = ones, r = ones) => batchNormRelu(x, options(w, b, false), r).square();
    const [x, w, b, r] = [
      separated([2, 3, 2, 2], "x"),
      positive([3], "w"),
      separated([3], "b"),
      separated([2, 3, 2, 2], "r"),
    ];
    checkGradients(f, [x, w, b, r]);
    const along = [1, 3, 1, 1];
    scope(() => {
      const [tx, tw, tb, tr] = [x, w, b, r].map((array) => Tensor.fromHost(array)) as [Tensor, Tensor, Tensor, Tensor];
      const expected = tx
        .sub(0.3)
        .div(Math.sqrt(1.7 + 1e-5))
        .mul(tw.reshape(along))
        .add(tb.reshape(along))
        .add(tr)
        .relu();
      const error = batchNormRelu(tx, options(tw, tb, false), tr)
        .sub(expected)
        .abs()
        .sum()
        .item();
      expect(error).toBeLessThan(1e-12);
    });
  });

  it("keeps NaN and infinity visible, in every type", () => {
    for (const dtype of ["float32", "float64", "bfloat16"] as const) {
      for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
        scope(() => {
          const data = Float64Array.from({ length: 64 }, (_, i) => (i === 5 ? bad : i));
          const x = Tensor.fromHost({ dtype: "float64", shape: [4, 16], data }, { dtype });
          const parameters = { dtype: dtype === "bfloat16" ? "float32" : dtype } as const;
          const [w, b] = [Tensor.full([16], 1, parameters), Tensor.full([16], 0, parameters)];
          const y = numbers([batchNormRelu(x, options(w, b))])[0] ?? [];
          expect(y.map((v, i) => (Number.isNaN(v) ? i : -1)).filter((i) => i >= 0)).toContain(5);
        });
      }
    }
  });

  it("adds no residual of another shape: libtorch's broadcasting decides", () => {
    scope(() => {
      const x = Tensor.fromHost(positive([4, 3], "x"));
      const [w, b] = [Tensor.full([3], 1, { dtype: "float64" }), Tensor.full([3], 0, { dtype: "float64" })];
      const residual = Tensor.full([1, 3], 2, { dtype: "float64" });
      const difference = batchNormAdd(x, options(w, b), residual).sub(batchNorm(x, options(w, b)).add(2));
      expect(difference.abs().sum().item()).toBeLessThan(1e-12);
      expect(() => batchNormAdd(x, options(w, b), Tensor.zeros([5, 3]))).toThrow(/^batchNorm\(/);
    });
  });
});
