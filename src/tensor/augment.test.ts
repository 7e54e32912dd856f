import { describe, expect, it } from "vitest";
import type { DType } from "../core/array.ts";
import { stream } from "../core/rng.ts";
import { type GatherAugmented, gatherAugmented, gatherLabels, gatherPlanned, pixelTable } from "./augment.ts";
import { setOwnKernels, setThreads } from "./engine.ts";
import { Tensor } from "./tensor.ts";

const n = 10;
const mean = [0.1, 0.4, 0.7];
const std = [0.2, 0.25, 0.3];

function pixels(count: number): Uint8Array {
  const draws = stream(5, "pixels");
  return Uint8Array.from({ length: count }, () => draws.below(256));
}

/** The definition, one output pixel at a time. */
function naive(
  data: Uint8Array,
  [c, h, w]: readonly [number, number, number],
  batch: Omit<GatherAugmented, "images">,
): number[] {
  const out: number[] = [];
  batch.indices.forEach((index, b) => {
    for (let ch = 0; ch < c; ch++)
      for (let y = 0; y < h; y++)
        for (let x = 0; x < w; x++) {
          const mirrored = (batch.flip?.[b] ?? 0) !== 0 ? w - 1 - x : x;
          const row = y + (batch.offsetsY?.[b] ?? batch.pad) - batch.pad;
          const column = mirrored + (batch.offsetsX?.[b] ?? batch.pad) - batch.pad;
          const inside = row >= 0 && row < h && column >= 0 && column < w;
          const raw = inside ? (data[((index * c + ch) * h + row) * w + column] ?? Number.NaN) : 0;
          out.push((raw / 255 - (batch.mean[ch] ?? 0)) / (batch.std[ch] ?? 1));
        }
  });
  return out;
}

const values = (t: Tensor) => Array.from(t.toHost().data as Float64Array | Float32Array);

function makeBatch(size: number, pad: number, dtype: DType): Omit<GatherAugmented, "images"> {
  const draws = stream(6, "batch", size, pad);
  return {
    indices: Int32Array.from({ length: size }, () => draws.below(n)),
    offsetsY: Int8Array.from({ length: size }, () => draws.below(2 * pad + 1)),
    offsetsX: Int32Array.from({ length: size }, () => draws.below(2 * pad + 1)),
    flip: Uint8Array.from({ length: size }, () => draws.below(2)),
    pad,
    mean,
    std,
    dtype,
  };
}

const colour = pixels(n * 3 * 6 * 5);
const images = () => Tensor.fromHost({ dtype: "uint8", shape: [n, 3, 6, 5], data: colour });

describe("gatherAugmented", () => {
  it.each([0, 1, 2, 7])("is the naive crop, mirror and normalisation, exactly, with padding %i", (pad) => {
    const batch = makeBatch(40, pad, "float64");
    const y = gatherAugmented({ images: images(), ...batch });
    expect(y.shape).toEqual([40, 3, 6, 5]);
    expect(values(y)).toEqual(naive(colour, [3, 6, 5], batch));
  });

  it("rounds once in float32, and leaves images alone without offsets and flips", () => {
    const batch = { indices: Int32Array.of(3, 3, 0), pad: 4, mean, std, dtype: "float32" as const };
    const expected = naive(colour, [3, 6, 5], batch).map(Math.fround);
    expect(values(gatherAugmented({ images: images(), ...batch }))).toEqual(expected);
  });

  it("handles one channel, row-major storage and any number of threads alike", () => {
    const grey = pixels(n * 4 * 4);
    const batch = { ...makeBatch(33, 2, "float64"), mean: [0.3], std: [0.5] };
    const stored = Tensor.fromHost({ dtype: "uint8", shape: [n, 1, 4, 4], data: grey });
    const expected = naive(grey, [1, 4, 4], batch);
    for (const threads of [1, 2]) {
      setThreads(threads);
      expect(values(gatherAugmented({ images: stored, ...batch }))).toEqual(expected);
    }
    const rowMajor = images().contiguous();
    const colourBatch = makeBatch(9, 1, "float64");
    expect(values(gatherAugmented({ images: rowMajor, ...colourBatch }))).toEqual(
      naive(colour, [3, 6, 5], colourBatch),
    );
  });

  it("agrees with the versions that other devices use, bit for bit", () => {
    const stored = images();
    for (const dtype of ["float32", "float64", "bfloat16"] as const) {
      const batch = makeBatch(17, 3, dtype);
      const expected = gatherAugmented({ images: stored, ...batch }).toHost();
      setOwnKernels(false);
      expect(gatherAugmented({ images: stored, ...batch }).toHost()).toEqual(expected);
      setOwnKernels(true);
      const onDevice = (numbers: ArrayLike<number> | undefined) => {
        const data = BigInt64Array.from(Array.from(numbers ?? []), BigInt);
        return Tensor.fromHost({ dtype: "int64", shape: [data.length], data });
      };
      const planned = gatherPlanned({
        images: stored,
        indices: onDevice(batch.indices),
        changes: {
          pad: batch.pad,
          offsetsY: onDevice(batch.offsetsY),
          offsetsX: onDevice(batch.offsetsX),
          flip: onDevice(batch.flip),
        },
        pixels: pixelTable(mean, std, { dtype, device: "cpu" }),
      });
      expect(planned.toHost()).toEqual(expected);
      const { indices } = batch;
      const plain = gatherAugmented({ images: stored, indices, pad: 0, mean, std, dtype }).toHost();
      const pixels = pixelTable(mean, std, { dtype, device: "cpu" });
      expect(gatherPlanned({ images: stored, indices: onDevice(indices), pixels }).toHost()).toEqual(plain);
    }
  });

  it("refuses a plan whose parts do not fit together", () => {
    const ints = (n: number) => Tensor.zeros([n], { dtype: "int64" });
    const pixels = pixelTable(mean, std, { dtype: "float32", device: "cpu" });
    const good = { images: images(), indices: ints(2), pixels };
    const changes = { pad: 1, offsetsY: ints(2), offsetsX: ints(2), flip: ints(2) };
    const wrong = "expected int64 indices [B], and offsets and flip like them or not at all";
    expect(() => gatherPlanned({ ...good, changes: { ...changes, flip: ints(3) } })).toThrow(wrong);
    expect(() => gatherPlanned({ ...good, indices: Tensor.zeros([2]) })).toThrow(wrong);
    expect(() => gatherPlanned({ ...good, changes: { ...changes, pad: -1 } })).toThrow("pad must be >= 0");
    expect(() => gatherPlanned({ ...good, pixels: Tensor.zeros([3, 255]) })).toThrow("expected a table [C, 256]");
    expect(() => gatherPlanned({ ...good, indices: Tensor.full([1], 10, { dtype: "int64" }) })).toThrow(/out of range/);
  });

  it("makes an empty batch", () => {
    const batch = { indices: new Int32Array(0), pad: 0, mean, std, dtype: "float32" as const };
    expect(gatherAugmented({ images: images(), ...batch }).shape).toEqual([0, 3, 6, 5]);
  });

  it("refuses what would read outside of the images", () => {
    const stored = images();
    const good = makeBatch(2, 1, "float32");
    const fail = (change: Partial<GatherAugmented>) => () => gatherAugmented({ images: stored, ...good, ...change });
    expect(fail({ indices: Int32Array.of(0, 10) })).toThrow("indices[1] = 10 is not in [0, 10)");
    expect(fail({ indices: Int32Array.of(-1, 0) })).toThrow("indices[0] = -1 is not in [0, 10)");
    expect(fail({ offsetsY: Int32Array.of(0, 3) })).toThrow("offsetsY[1] = 3 is not in [0, 3)");
    expect(fail({ offsetsX: Int32Array.of(0, -1) })).toThrow("offsetsX[1] = -1 is not in [0, 3)");
    expect(fail({ offsetsX: Int32Array.of(0) })).toThrow("offsetsX must have one entry per index");
    expect(fail({ flip: Uint8Array.of(1, 0, 1) })).toThrow("flip must have one entry per index");
    expect(fail({ mean: [0.5] })).toThrow("mean and std must have one entry per channel");
    expect(fail({ std: [1, 0, 1] })).toThrow("every std must be > 0");
    expect(fail({ pad: -1 })).toThrow("pad must be >= 0");
    expect(fail({ dtype: "int32" })).toThrow("the batch must have a float type");
    expect(fail({ images: Tensor.zeros([1, 3, 6, 5]) })).toThrow("expected uint8 images [N, C, H, W]");
  });
});

describe("gatherLabels", () => {
  it("takes labels by index", () => {
    const labels = Tensor.fromHost({ dtype: "int64", shape: [4], data: new BigInt64Array([5n, 6n, 7n, 8n]) });
    expect(gatherLabels(labels, Int32Array.of(3, 0, 3)).toHost().data).toEqual(new BigInt64Array([8n, 5n, 8n]));
    expect(() => gatherLabels(labels, Int32Array.of(4))).toThrow("indices[0] = 4 is not in [0, 4)");
    expect(() => gatherLabels(Tensor.zeros([4]), Int32Array.of(0))).toThrow("expected int64 labels [N]");
  });
});
