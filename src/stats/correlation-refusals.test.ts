import { describe, expect, test } from "vitest";
import { stream } from "../core/rng.ts";
import { a, b, m, maskOf, normals, state } from "./correlation.fixture.ts";
import { type CorrelationInput, correlation } from "./correlation.ts";

describe("what is refused", () => {
  const good: CorrelationInput = { mode: "dense-dense", a: state(a), b: state(b), layers: ["conv", "fc"], p: [0.2] };
  const sparse: CorrelationInput = { ...good, mode: "sparse-dense", mask: maskOf(m) };

  test.each<[string, CorrelationInput, string]>([
    ["p = 0", { ...good, p: [0.2, 0] }, "p[1]: expected a fraction in (0, 1], got 0"],
    ["p above 1", { ...good, p: [20] }, "p[0]: expected a fraction in (0, 1], got 20"],
    ["p NaN", { ...good, p: [Number.NaN] }, "p[0]: expected a fraction in (0, 1], got NaN"],
    ["no layers", { ...good, layers: [] }, "layers: expected at least one prunable layer, got none"],
    ["a mask too many", { ...good, mask: maskOf(m) }, "mask: expected no mask for dense-dense, got one"],
    ["a mask missing", { ...good, mode: "sparse-sparse" }, "mask: expected a mask for sparse-sparse, got none"],
    ["a missing layer", { ...good, layers: ["conv", "x"] }, "x: expected weights in both sets, got none in the first"],
    [
      "a layer missing in b",
      { ...good, b: new Map([...state(b)].slice(0, 1)) },
      "fc: expected weights in both sets, got none in the second",
    ],
    ["another shape", { ...good, b: state({ ...b, fc: [1] }) }, "fc: expected equal shapes, got [4] and [1]"],
    [
      "a NaN",
      { ...good, b: state({ ...b, fc: [1, 2, Number.NaN, 4] }) },
      "fc: expected finite weights in the second set, got a non-finite one at flat index 2",
    ],
    [
      "another type",
      { ...good, a: new Map([["fc", { dtype: "bfloat16", shape: [4], data: new Uint16Array(4) }]]), layers: ["fc"] },
      "fc: expected float32 or float64 weights in the first set, got bfloat16",
    ],
    [
      "a mask of another shape",
      { ...sparse, mask: maskOf({ conv: [1, 1] }) },
      "conv: expected shape [2] as in the mask, got [7]",
    ],
    [
      "a mask that keeps nothing",
      { ...sparse, mask: maskOf({ fc: [0, 0, 0, 0] }) },
      "fc: expected a mask that keeps at least one weight, got none",
    ],
    [
      "p above 1 - sparsity",
      { ...sparse, p: [0.2, 0.72] },
      "conv: expected p below the share of weights that the mask keeps (5 of 7), got 0.72",
    ],
  ])("%s", (_, input, message) => {
    expect(() => correlation(input)).toThrow(message);
  });

  test("p equal to 1 - sparsity, in decimals: 0.29 of 100 where 29 stay (0.29·100 is below 29 in binary)", () => {
    const w = normals(stream(5, "limit"), 100);
    const keep = w.map((_, i) => Number(i < 29));
    const input = {
      mode: "sparse-dense",
      a: state({ w }),
      b: state({ w }),
      layers: ["w"],
      mask: maskOf({ w: keep }),
    } as const;
    expect(() => correlation({ ...input, p: [0.29] })).toThrow("w: expected p below the share");
    expect(() => correlation({ ...input, p: [0.28] })).not.toThrow();
  });

  test("all issues at once", () => {
    expect(() => correlation({ ...good, layers: ["x", "y"] })).toThrow(/x: expected.*\ny: expected/);
    expect(() => correlation({ ...good, layers: [], p: [2] })).toThrow(/layers: .*\np\[0\]: /);
  });

  test("with `partial`, what does not fit is left out: each p that is too large for a layer, and layers that the mask empties", () => {
    const points = correlation({ ...sparse, p: [0.2, 0.72], partial: true });
    expect(points).toEqual(correlation({ ...sparse, p: [0.2] }));
    const emptied = { ...sparse, mask: maskOf({ ...m, fc: [0, 0, 0, 0] }), partial: true };
    expect(correlation(emptied)).toEqual(correlation({ ...sparse, layers: ["conv"] }));
    expect(correlation({ ...emptied, mode: "sparse-sparse" })).toEqual(
      correlation({ ...sparse, mode: "sparse-sparse", layers: ["conv"] }),
    );
    const none = { ...sparse, mask: maskOf({ conv: [0, 0, 0, 0, 0, 0, 0], fc: [0, 0, 0, 0] }), partial: true };
    expect(correlation(none)).toEqual([]);
  });
});
