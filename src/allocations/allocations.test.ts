import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keptCount } from "../masks/counts.ts";
import type { AllocatedLayer } from "./define.ts";
import { erk } from "./erk.ts";
import { global } from "./global.ts";
import { allocations } from "./index.ts";

function layer(name: string, shape: readonly number[], more: Partial<AllocatedLayer> = {}): AllocatedLayer {
  const size = shape.reduce((n, length) => n * length, 1);
  return { name, shape, size, remaining: size, ...more };
}

const sum = (counts: readonly number[]) => counts.reduce((a, b) => a + b, 0);
/** Shapes of the convolutions and the linear layer of a ResNet-50. */
function resnet50(): readonly (readonly number[])[] {
  const shapes: number[][] = [[64, 3, 7, 7]];
  let inputs = 64;
  for (const [planes, blocks] of [
    [64, 3],
    [128, 4],
    [256, 6],
    [512, 3],
  ] as const) {
    for (let block = 0; block < blocks; block++) {
      shapes.push([planes, inputs, 1, 1], [planes, planes, 3, 3], [4 * planes, planes, 1, 1]);
      if (block === 0) shapes.push([4 * planes, inputs, 1, 1]);
      inputs = 4 * planes;
    }
  }
  return [...shapes, [1000, 2048]];
}

const free = { least: 0 };

describe("erk", () => {
  it("has the densities of the reference for three small layers at 0.5", () => {
    const layers = [layer("a", [2, 4]), layer("b", [3, 6]), layer("c", [2, 4, 6])];
    // A published test of the method: sparsities 0, 0.31 and 0.655; of 8, 18 and 48 weights 37 stay.
    expect(erk.counts(layers, { sparsity: 0.5 }, free)).toEqual([8, 12, 17]);
  });

  it.each([
    [0.8, 99.56117, 8],
    [0.9, 48.7861, 1],
    [0.95, 24.37158, 0],
  ])(
    "of a ResNet-50 at %f: density times the weights is %f of the sum of the dimensions, %i layers are full",
    (sparsity, scale, full) => {
      const layers = resnet50().map((shape, l) => layer(`l${l}`, shape));
      expect(sum(layers.map(({ size }) => size))).toBe(25_502_912);
      const counts = erk.counts(layers, { sparsity }, free);
      expect(sum(counts)).toBe(keptCount(25_502_912, sparsity));
      const open = layers
        .map((one, l) => ({ ...one, count: counts[l] ?? 0 }))
        .filter(({ size, count }) => count < size);
      expect(layers.length - open.length).toBe(full);
      // A count is rounded by less than one weight; the scales were computed by another program, with real counts.
      for (const { shape, count } of open) expect(Math.abs(count - scale * sum(shape))).toBeLessThan(1.05);
    },
  );

  it("meets every target exactly, within what may stay, and keeps the least", () => {
    const shapes = fc.array(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 4 }), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(
        shapes,
        fc.integer({ min: 0, max: 99 }),
        fc.integer({ min: 0, max: 3 }),
        fc.gen(),
        (all, percent, least, draw) => {
          const layers = all.map((shape, l) => {
            const whole = layer(`l${l}`, shape);
            return { ...whole, remaining: draw(fc.integer, { min: Math.min(1, whole.size), max: whole.size }) };
          });
          const total = keptCount(sum(layers.map(({ size }) => size)), percent / 100);
          const floor = sum(layers.map(({ remaining }) => Math.min(least, remaining)));
          fc.pre(total >= layers.length && total >= floor && total <= sum(layers.map(({ remaining }) => remaining)));
          const counts = erk.counts(layers, { sparsity: percent / 100 }, { least });
          expect(sum(counts)).toBe(total);
          for (const [l, { remaining }] of layers.entries()) {
            expect(counts[l]).toBeLessThanOrEqual(remaining);
            expect(counts[l]).toBeGreaterThanOrEqual(Math.min(least, remaining));
          }
        },
      ),
    );
  });
});

describe("global", () => {
  it("keeps the largest scores of all layers, as by sorting, ties by layer and place", () => {
    const scores = fc.array(fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 8 }), {
      minLength: 1,
      maxLength: 5,
    });
    fc.assert(
      fc.property(scores, fc.integer({ min: 0, max: 99 }), fc.gen(), (all, percent, draw) => {
        const layers = all.map((of, l) => {
          const eligible = Uint8Array.from(of, () => Number(draw(fc.boolean)));
          return layer(`l${l}`, [of.length], {
            scores: Float64Array.from(of),
            eligible,
            remaining: sum([...eligible]),
          });
        });
        const total = keptCount(sum(all.map((of) => of.length)), percent / 100);
        const open = all.flatMap((of, l) =>
          of.flatMap((score, i) => (layers[l]?.eligible?.[i] === 1 ? [{ l, i, score }] : [])),
        );
        fc.pre(total >= layers.length && total <= open.length);
        const chosen = open.sort((a, b) => b.score - a.score || a.l - b.l || a.i - b.i).slice(0, total);
        expect(global.counts(layers, { sparsity: percent / 100 }, free)).toEqual(
          all.map((_, l) => chosen.filter((one) => one.l === l).length),
        );
      }),
    );
  });

  it("empties a layer, unless it has to keep the least", () => {
    const layers = [
      layer("small", [4], { scores: Float32Array.of(0.1, 0.2, 0.3, 0.4) }),
      layer("large", [4], { scores: Float32Array.of(1, 2, 3, 4) }),
    ];
    expect(global.counts(layers, { sparsity: 0.5 }, free)).toEqual([0, 4]);
    expect(global.counts(layers, { sparsity: 0.5 }, { least: 1 })).toEqual([1, 3]);
  });

  it("removes a share of what remains of all layers together", () => {
    const eligible = Uint8Array.of(1, 1, 0, 0);
    const layers = [
      layer("a", [4], { scores: Float32Array.of(9, 8, 7, 6), eligible, remaining: 2 }),
      layer("b", [4], { scores: Float32Array.of(5, 4, 3, 2) }),
    ];
    expect(global.counts(layers, { removeFraction: 0.5 }, free)).toEqual([2, 1]);
  });
});

describe("every allocation", () => {
  it.each(allocations.all().map(({ name }) => name))(
    "%s refuses a target that keeps nothing, or more than there is",
    (name) => {
      const method = allocations.get(name);
      const options = method.options.parse({});
      const layers = ["a", "b"].map((one) => layer(one, [2, 2], { scores: new Float32Array(4), remaining: 1 }));
      expect(() => method.counts(layers, { sparsity: 0.99 }, options)).toThrow(/keeps no weight/);
      expect(() => method.counts(layers, { sparsity: 0 }, options)).toThrow(/the previous mask has only/);
    },
  );

  it("says when there is less than one weight per layer, or less than the least", () => {
    const layers = ["a", "b", "c"].map((one) => layer(one, [2, 2], { scores: new Float32Array(4) }));
    expect(() => erk.counts(layers, { sparsity: 0.85 }, free)).toThrow(
      "expected to keep one weight per layer at least, got 2 for 3 layers",
    );
    expect(() => erk.counts(layers, { sparsity: 0.5 }, { least: 3 })).toThrow(
      "expected to keep 3 weights of every layer, which are 9, got 6",
    );
  });
});
