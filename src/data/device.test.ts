import { describe, expect, it } from "vitest";
import { stream } from "../core/rng.ts";
import { bytesInUse } from "../tensor/engine.ts";
import { scope } from "../tensor/scope.ts";
import { DeviceSplit } from "./device.ts";
import { augmentation, type BatchAugmentation } from "./order.ts";
import type { Split } from "./types.ts";

const [channels, height, width] = [3, 5, 4];
const pixels = channels * height * width;
const data = {
  info: { classes: 10, shape: [channels, height, width], train: 12, validation: 0, test: 0 },
  mean: [0.5, 0.25, 0.4],
  std: [0.25, 0.2, 0.3],
} as const;

function randomSplit(): Split {
  const draws = stream(2, "device.test");
  const images = Uint8Array.from({ length: 12 * pixels }, () => draws.below(256));
  return { images, labels: Uint8Array.from({ length: 12 }, () => draws.below(10)), count: 12 };
}

/** What a batch must be, pixel by pixel in float64: cut from the padded image, mirrored, scaled, normalised. */
function expected(split: Split, indices: Int32Array, changes: BatchAugmentation | undefined): number[] {
  const out: number[] = [];
  indices.forEach((index, i) => {
    const { pad = 0 } = changes ?? {};
    const [top, left] = [(changes?.offsetsY[i] ?? 0) - pad, (changes?.offsetsX[i] ?? 0) - pad];
    for (let c = 0; c < channels; c++)
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++) {
          const [fromY, fromX] = [top + y, left + (changes?.flip[i] === 1 ? width - 1 - x : x)];
          const inside = fromY >= 0 && fromY < height && fromX >= 0 && fromX < width;
          const byte = inside ? (split.images[index * pixels + (c * height + fromY) * width + fromX] as number) : 0;
          out.push((byte / 255 - (data.mean[c] as number)) / (data.std[c] as number));
        }
  });
  return out;
}

describe("DeviceSplit", () => {
  const split = randomSplit();
  const indices = Int32Array.of(11, 0, 3, 3, 7, 10, 5, 1);

  it.each([
    ["no changes", undefined],
    ["crop and flip", { crop: 2, flip: true }],
    ["flip alone", { crop: 0, flip: true }],
    ["crop alone", { crop: 1, flip: false }],
  ])("gathers, crops, mirrors and normalises as a loop over pixels does: %s", (_, augment) => {
    const changes = augment && augmentation(0, 0, 0, indices.length, augment);
    // Float64: a handful of roundings of values below 10. Float32: one rounding of the result more.
    for (const [dtype, tolerance] of [
      ["float64", 1e-14],
      ["float32", 10 * 2 ** -24],
    ] as const) {
      const held = new DeviceSplit(split, data, "cpu", dtype);
      const [images, labels] = scope(() => {
        const batch = held.batch(indices, changes);
        return [batch.images.toHost(), batch.labels.toHost()];
      });
      held.dispose();
      expect(images).toMatchObject({ dtype, shape: [8, channels, height, width] });
      const want = expected(split, indices, changes);
      const worst = want.reduce((most, value, i) => Math.max(most, Math.abs(value - Number(images.data[i]))), 0);
      expect(worst).toBeLessThanOrEqual(tolerance);
      expect(labels).toEqual({
        dtype: "int64",
        shape: [8],
        data: BigInt64Array.from(indices, (i) => BigInt(split.labels[i] as number)),
      });
    }
  });

  it("outlives the scope it was made in and frees its memory when disposed", () => {
    const before = bytesInUse();
    const held = scope(() => new DeviceSplit(split, data, "cpu"));
    scope(() => held.batch(indices).labels.toHost());
    // Bytes of the images and eight of each label; the engine may round up.
    expect(bytesInUse() - before).toBeGreaterThanOrEqual(12 * pixels + 12 * 8);
    held.dispose();
    expect(bytesInUse()).toBe(before);
  });
});
