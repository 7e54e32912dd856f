import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stream } from "../src/core/rng.ts";

const CLASSES = 10;
const PLANE = 32 * 32;
const PIXELS = 3 * PLANE;
const PER_FILE = 10_000;
/** A class is a pattern of squares of so many pixels, which survives a crop; mirroring makes two patterns of it. */
const SQUARE = 8;
/** Of the pattern around the mean, in grey levels; the noise is uniform over twice its own. */
const SIGNAL = 50;
const NOISE = 90;

/**
 * Writes images of CIFAR-10's shape in its official binary layout (184 MB), the same ones every time: noise over one coarse pattern
 * per class, which a ResNet-20 learns in some dozens of steps.
 * @returns the folder with the six files
 */
export function writeMadeUpCifar(parent: string): string {
  const folder = join(parent, "cifar-10-batches-bin");
  mkdirSync(folder, { recursive: true });
  const patterns = Array.from({ length: CLASSES }, (_, label) => pattern(label));
  const draws = stream(0, "made-up-cifar");
  // Fresh noise for every pixel would take a minute; a random stretch of a long table of it will do.
  const noise = Int16Array.from({ length: 1 << 20 }, () => draws.below(2 * NOISE + 1) - NOISE);
  for (const file of [...[1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`), "test_batch.bin"]) {
    const bytes = Buffer.alloc(PER_FILE * (1 + PIXELS));
    for (let i = 0; i < PER_FILE; i++) {
      const label = draws.below(CLASSES);
      const from = draws.below(noise.length - PIXELS);
      const at = i * (1 + PIXELS);
      bytes[at] = label;
      for (let p = 0; p < PIXELS; p++) bytes[at + 1 + p] = clamp((patterns[label]?.[p] ?? 0) + (noise[from + p] ?? 0));
    }
    writeFileSync(join(folder, file), bytes);
  }
  return folder;
}

/** Squares of `mean ± SIGNAL` in every colour. */
function pattern(label: number): Int16Array {
  const draws = stream(0, "made-up-cifar", "pattern", label);
  const across = 32 / SQUARE;
  const squares = Int16Array.from(
    { length: 3 * across * across },
    () => 128 + (draws.below(2) === 0 ? SIGNAL : -SIGNAL),
  );
  return Int16Array.from({ length: PIXELS }, (_, p) => {
    const [channel, y, x] = [Math.floor(p / PLANE), Math.floor((p % PLANE) / 32), p % 32];
    return squares[(channel * across + Math.floor(y / SQUARE)) * across + Math.floor(x / SQUARE)] ?? 0;
  });
}

function clamp(value: number): number {
  return Math.min(255, Math.max(0, value));
}
