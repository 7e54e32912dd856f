import type { Stream } from "../../../src/core/rng.ts";

/** One of a list that is not empty. */
export function pick<T>(items: readonly T[], draws: Stream): T {
  return items[draws.below(items.length)] as T;
}

/** Opcodes, delimiters and borders of number ranges. */
const bytes = [0, 1, 0x7f, 0x80, 0xff, 0x2e, 0x28, 0x52, 0x62, 0x63, 0x51, 0x68, 0x71, 0x7b, 0x22, 0x2c];
const words = [0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffe];
const longs = [0n, 1n, 1n << 31n, 1n << 40n, 1n << 53n, (1n << 63n) - 1n, 1n << 63n, (1n << 64n) - 1n];

type Mutation = (file: Buffer, other: Buffer, draws: Stream) => Buffer;

const mutations: readonly Mutation[] = [
  // A flipped bit, a replaced byte.
  (file, _, draws) => withByte(file, draws, (byte) => byte ^ (1 << draws.below(8))),
  (file, _, draws) => withByte(file, draws, () => draws.below(256)),
  (file, _, draws) => withByte(file, draws, () => pick(bytes, draws)),
  // The end is missing.
  (file, _, draws) => file.subarray(0, draws.below(file.length + 1)),
  // A part is missing, there twice, many times, or of another file.
  (file, _, draws) => {
    const at = draws.below(file.length);
    return Buffer.concat([file.subarray(0, at), file.subarray(at + draws.below(32))]);
  },
  (file, _, draws) => withPart(file, part(file, draws, 64), draws),
  (file, other, draws) => (other.length === 0 ? file : withPart(file, part(other, draws, 200), draws)),
  (file, _, draws) => {
    const copy = part(file, draws, 300);
    return withPart(file, Buffer.concat(Array.from({ length: 1 + draws.below(30) }, () => copy)), draws);
  },
  // Sizes and offsets.
  (file, _, draws) => withNumber(file, 2, draws, (copy, at) => copy.writeUInt16LE(draws.below(65536), at)),
  (file, _, draws) =>
    withNumber(file, 4, draws, (copy, at) =>
      copy.writeUInt32LE(pick([...words, file.length, file.length + 1, draws.uint32()], draws), at),
    ),
  (file, _, draws) => withNumber(file, 8, draws, (copy, at) => copy.writeBigUInt64LE(pick(longs, draws), at)),
];

/** A copy of `file` with one or two, rarely up to twelve, things changed. @param other whose parts are put in */
export function mutated(file: Uint8Array, other: Uint8Array, draws: Stream): Buffer {
  let result = Buffer.from(file);
  for (let n = 1 + draws.below(draws.uniform() < 0.7 ? 2 : 12); n > 0 && result.length > 0; n--)
    result = Buffer.from(pick(mutations, draws)(result, Buffer.from(other), draws));
  return result;
}

function withByte(file: Buffer, draws: Stream, change: (byte: number) => number): Buffer {
  const at = draws.below(file.length);
  file.writeUInt8(change(file.readUInt8(at)) & 0xff, at);
  return file;
}

function part(file: Buffer, draws: Stream, longest: number): Buffer {
  const at = draws.below(file.length);
  return file.subarray(at, at + draws.below(longest));
}

function withPart(file: Buffer, inserted: Buffer, draws: Stream): Buffer {
  const at = draws.below(file.length + 1);
  return Buffer.concat([file.subarray(0, at), inserted, file.subarray(at)]);
}

function withNumber(file: Buffer, size: number, draws: Stream, write: (file: Buffer, at: number) => void): Buffer {
  if (file.length >= size) write(file, draws.below(file.length - size + 1));
  return file;
}

/** Of YAML and JSON, and names that JavaScript knows. */
const tokens = [
  ..."{ } [ ] : , | > ' \" # @ ` ~ - \t \0 \u202e \ufeff \u2028".split(" "),
  ...["- ", "\n", "  ", "&a ", "*a", "!!str ", "!!binary ", "<<: *a", "? ", "---\n", "...\n", "%YAML 1.1\n---\n"],
  ...["null", "true", "1e999", "-1", "0", ".inf", ".nan", "0x10", "1e-3", "9007199254740993", "2001-01-01", "\\ud800"],
  ...["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "length"],
  ...["!!set ", "[".repeat(50), '{"a":'.repeat(50)],
];

/** A copy of a text with up to five things changed. @param more words of the text's own kind, beside those of YAML and JSON */
export function mutatedText(text: string, other: string, more: readonly string[], draws: Stream): string {
  let result = text;
  for (let n = 1 + draws.below(5); n > 0; n--) result = mutatedOnce(result, other, more, draws);
  return result;
}

function mutatedOnce(text: string, other: string, more: readonly string[], draws: Stream): string {
  const at = draws.below(text.length + 1);
  const token = () => (more.length > 0 && draws.below(2) === 0 ? pick(more, draws) : pick(tokens, draws));
  const lines = text.split("\n");
  const line = draws.below(lines.length);
  switch (draws.below(6)) {
    case 0:
      return text.slice(0, at) + token() + text.slice(at);
    case 1:
      return text.slice(0, at) + text.slice(at + draws.below(20));
    case 2: {
      const from = draws.below(other.length + 1);
      return text.slice(0, at) + other.slice(from, from + draws.below(60)) + text.slice(at);
    }
    case 3: {
      const found = [...text.matchAll(/[-\w.]+/g)];
      if (found.length === 0) return text;
      const { index, 0: word } = pick(found, draws);
      return (
        text.slice(0, index) +
        (draws.below(3) === 0 ? pick(found, draws)[0] : token()) +
        text.slice(index + word.length)
      );
    }
    case 4:
      return [...lines.slice(0, line), pick(lines, draws), ...lines.slice(line)].join("\n");
    default:
      return [...lines.slice(0, line), `  ${lines[line] ?? ""}`, ...lines.slice(line + 1)].join("\n");
  }
}
