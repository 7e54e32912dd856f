import { createHash } from "node:crypto";

/**
 * Random numbers as a pure function of (seed, purpose, counters): Philox4x32-10, keyed by a hash of the purpose.
 * No global generator exists, so a draw never depends on what was drawn before it, on threads or on the device.
 * @source Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011
 */
export class Stream {
  readonly #key0: number;
  readonly #key1: number;
  readonly #high2: number;
  readonly #high3: number;
  #block = 0;
  #next = 4;
  readonly #words = new Uint32Array(4);

  /** @param key 16 bytes: the first 8 are the Philox key, the others the upper half of its counter */
  constructor(key: Uint8Array) {
    const words = new DataView(key.buffer, key.byteOffset, 16);
    this.#key0 = words.getUint32(0, true);
    this.#key1 = words.getUint32(4, true);
    this.#high2 = words.getUint32(8, true);
    this.#high3 = words.getUint32(12, true);
  }

  /** Uniform integer in [0, 2^32). */
  uint32(): number {
    if (this.#next === 4) {
      const low = this.#block >>> 0;
      const high = Math.floor(this.#block / 2 ** 32);
      philox4x32(this.#words, low, high, this.#high2, this.#high3, this.#key0, this.#key1);
      this.#block++;
      this.#next = 0;
    }
    return this.#words[this.#next++] as number;
  }

  /** Uniform in [0, 1) with 53 random bits. */
  uniform(): number {
    const high = this.uint32() >>> 5;
    const low = this.uint32() >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  }

  /** Uniform integer in [0, bound), without modulo bias. 1 <= bound <= 2^32. */
  below(bound: number): number {
    const limit = 2 ** 32 - (2 ** 32 % bound);
    for (;;) {
      const draw = this.uint32();
      if (draw < limit) return draw % bound;
    }
  }

  /** Standard normal (Box-Muller, cosine branch). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** A uniformly random permutation of 0 .. n-1 (Fisher-Yates). */
  permutation(n: number): Int32Array<ArrayBuffer> {
    const order = Int32Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = this.below(i + 1);
      const swap = order[i] as number;
      order[i] = order[j] as number;
      order[j] = swap;
    }
    return order;
  }
}

/**
 * The stream of draws for one purpose, e.g. `stream(seed, "order", epoch)` or `stream(seed, "init", layerName)`.
 * Different arguments give independent streams; seed 0 epoch 1 has nothing to do with seed 1 epoch 0.
 */
export function stream(seed: number, purpose: string, ...counters: readonly (number | string)[]): Stream {
  const digest = createHash("sha256")
    .update(JSON.stringify([seed, purpose, ...counters]))
    .digest();
  return new Stream(digest.subarray(0, 16));
}

/** One block of Philox4x32-10: counter (c0..c3) and key (k0, k1) to four words, written into `out`. */
export function philox4x32(
  out: Uint32Array,
  counter0: number,
  counter1: number,
  counter2: number,
  counter3: number,
  key0: number,
  key1: number,
): void {
  let [c0, c1, c2, c3, k0, k1] = [counter0, counter1, counter2, counter3, key0, key1];
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(0xd2511f53, c0);
    const low0 = Math.imul(0xd2511f53, c0);
    const high1 = multiplyHigh(0xcd9e8d57, c2);
    const low1 = Math.imul(0xcd9e8d57, c2);
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1 >>> 0;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0 >>> 0;
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/** Upper 32 bits of the 64-bit product of two unsigned 32-bit integers. */
function multiplyHigh(a: number, b: number): number {
  const [aLow, aHigh, bLow, bHigh] = [a & 0xffff, a >>> 16, b & 0xffff, b >>> 16];
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carry = (middle & 0xffff) + aLow * bHigh;
  return (aHigh * bHigh + Math.floor(middle / 65536) + Math.floor(carry / 65536)) >>> 0;
}
