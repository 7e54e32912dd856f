import { InputError } from "../core/errors.ts";

/**
 * Marks exactly `keep` of the positions: those with the largest scores, equal scores by lower flat index.
 * A radix selection, 16 bits of the score at a time from the top: linear in the number of scores whatever their values,
 * and exact, because no score is ever compared with a rounded threshold. -0 and 0 are equal.
 * @param scores   any shape, flat; infinities are allowed
 * @param keep     how many to mark: an integer in [0, number of eligible positions]
 * @param eligible 1 where a position may be kept, 0 where not (its score is not looked at); all by default
 * @returns        1 at the kept positions, 0 elsewhere
 * @throws         InputError for a NaN score at an eligible position, or an impossible `keep`
 */
export function keepLargest(
  scores: Float32Array | Float64Array,
  keep: number,
  eligible?: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const { above, tied, wanted } = selectLargest(scores, keep, eligible);
  for (let c = 0; c < wanted; c++) above[tied[c] as number] = 1;
  return above;
}

/** The largest scores, with those at the threshold apart: which of these belong to them is open. */
export interface Selection {
  /** 1 where a score is above the threshold, 0 elsewhere. */
  readonly above: Uint8Array<ArrayBuffer>;
  /** Positions of the scores that equal the threshold, ascending. */
  readonly tied: Int32Array;
  /** How many of these are wanted, in [0, number of them]; the choice is free unless it is all or none. */
  readonly wanted: number;
}

/** As `keepLargest`, before ties are decided; throws as it does. */
export function selectLargest(scores: Float32Array | Float64Array, keep: number, eligible?: Uint8Array): Selection {
  let candidates = eligiblePositions(scores, eligible);
  if (!Number.isInteger(keep) || keep < 0 || keep > candidates.length)
    throw new InputError({
      where: "keepLargest()",
      message: `expected to keep an integer from 0 to ${candidates.length} (the eligible positions), got ${keep}`,
    });
  const kept = new Uint8Array(scores.length);
  const histogram = new Int32Array(2 ** 16);
  let wanted = keep;
  for (const word of sortableWords(scores)) {
    for (const shift of [16, 0]) {
      histogram.fill(0);
      for (let c = 0; c < candidates.length; c++) {
        const digit = ((word[candidates[c] as number] as number) >>> shift) & 0xffff;
        histogram[digit] = (histogram[digit] as number) + 1;
      }
      const { cutoff, above } = cutoffDigit(histogram, wanted);
      const ties = new Int32Array(histogram[cutoff] as number);
      let tied = 0;
      for (let c = 0; c < candidates.length; c++) {
        const position = candidates[c] as number;
        const digit = ((word[position] as number) >>> shift) & 0xffff;
        if (digit > cutoff) kept[position] = 1;
        else if (digit === cutoff) ties[tied++] = position;
      }
      candidates = ties;
      wanted -= above;
    }
  }
  // All digits of the candidates that are left are equal, and they are in ascending order of index.
  return { above: kept, tied: candidates, wanted };
}

/** Ascending positions that may be kept; checks that their scores are numbers. */
function eligiblePositions(scores: Float32Array | Float64Array, eligible: Uint8Array | undefined): Int32Array {
  if (eligible !== undefined && eligible.length !== scores.length)
    throw new InputError({
      where: "keepLargest()",
      message: `expected one eligibility flag for each of the ${scores.length} scores, got ${eligible.length}`,
    });
  const positions = new Int32Array(scores.length);
  let count = 0;
  for (let i = 0; i < scores.length; i++) {
    if (eligible !== undefined && eligible[i] === 0) continue;
    if (Number.isNaN(scores[i]))
      throw new InputError({ where: "keepLargest()", message: `expected numbers, got a NaN score at flat index ${i}` });
    positions[count++] = i;
  }
  return positions.subarray(0, count);
}

/** The digit at which the `wanted` largest values end, and how many values have a larger one. */
function cutoffDigit(histogram: Int32Array, wanted: number): { cutoff: number; above: number } {
  let cutoff = histogram.length - 1;
  let above = 0;
  while (above + (histogram[cutoff] as number) < wanted) above += histogram[cutoff--] as number;
  return { cutoff, above };
}

/**
 * 32-bit words, most significant first (one for float32, two for float64), whose unsigned lexicographic order is the
 * numerical order of the scores: IEEE 754 bits with the sign bit flipped, and all bits flipped for negative numbers.
 */
function sortableWords(scores: Float32Array | Float64Array): Uint32Array[] {
  const bits = new Uint32Array(scores.buffer, scores.byteOffset, scores.byteLength / 4);
  const perScore = scores.BYTES_PER_ELEMENT / 4;
  const words: Uint32Array[] = [];
  for (let w = 0; w < perScore; w++) {
    const word = new Uint32Array(scores.length);
    for (let i = 0; i < scores.length; i++) {
      // Numbers are little-endian on every platform that libtorch runs on, so a score's top word is its last one.
      const last = perScore * (i + 1) - 1;
      const isZero = scores[i] === 0; // -0 must equal 0
      const isNegative = !isZero && (bits[last] as number) >>> 31 === 1;
      const raw = isZero ? 0 : (bits[last - w] as number);
      word[i] = isNegative ? ~raw : w === 0 ? raw ^ 0x80000000 : raw;
    }
    words.push(word);
  }
  return words;
}
