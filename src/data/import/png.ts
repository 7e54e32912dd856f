import { crc32, inflateSync } from "node:zlib";
import { checkSize, type Picture, PictureFault, type PictureSize } from "./picture.ts";

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

/** Samples per pixel of each colour type. */
const SAMPLES: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const DEPTHS: Readonly<Record<number, readonly number[]>> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
};

interface Header extends PictureSize {
  readonly depth: number;
  readonly colour: number;
  readonly isInterlaced: boolean;
}

interface Chunk {
  readonly type: string;
  readonly data: Uint8Array;
}

export function isPng(bytes: Uint8Array): boolean {
  return SIGNATURE.every((byte, i) => bytes[i] === byte);
}

/**
 * What a PNG's header says. @throws PictureFault for 16 bits per sample and for headers that no PNG has
 */
export function pngSize(bytes: Uint8Array): PictureSize {
  const { width, height, channels } = readHeader(bytes);
  return { width, height, channels };
}

/**
 * Decodes a PNG strictly: every checksum counts, and nothing may be missing or left over. Values are those of the file: colour profiles and
 * gamma are not applied, as usual in training sets. Grey of fewer bits is stretched to 0 … 255.
 * @throws PictureFault for damage, 16 bits per sample, and pixels that are not opaque
 * @source ISO/IEC 15948 (PNG), W3C Recommendation
 */
export function decodePng(bytes: Uint8Array): Picture {
  const header = readHeader(bytes);
  const chunks = readChunks(bytes);
  const find = (type: string) => chunks.find((chunk) => chunk.type === type)?.data;
  const packed = Buffer.concat(chunks.filter(({ type }) => type === "IDAT").map(({ data }) => data));
  const samples = unpackSamples(packed, header);
  return { width: header.width, height: header.height, channels: header.channels, ...toPixels(samples, header, find) };
}

function readHeader(bytes: Uint8Array): Header {
  if (bytes.length < 33) throw new PictureFault("truncated PNG");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const [depth = 0, colour = 0, compression, filter, interlace = 0] = bytes.subarray(24, 29);
  const isKnown = DEPTHS[colour]?.includes(depth) === true && compression === 0 && filter === 0 && interlace < 2;
  if (view.getUint32(8) !== 13 || text(bytes, 12) !== "IHDR" || !isKnown)
    throw new PictureFault("damaged PNG", "header");
  checkSize(width, height);
  if (depth === 16) throw new PictureFault("PNG of 16 bits per sample");
  return {
    width,
    height,
    depth,
    colour,
    isInterlaced: interlace === 1,
    channels: colour === 0 || colour === 4 ? 1 : 3,
  };
}

function readChunks(bytes: Uint8Array): Chunk[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks: Chunk[] = [];
  for (let at = 8; ; ) {
    if (at + 12 > bytes.length) throw new PictureFault("truncated PNG");
    const length = view.getUint32(at);
    const end = at + 12 + length;
    if (end > bytes.length) throw new PictureFault("truncated PNG");
    const type = text(bytes, at + 4);
    if (crc32(bytes.subarray(at + 4, end - 4)) !== view.getUint32(end - 4))
      throw new PictureFault("damaged PNG", `checksum of ${JSON.stringify(type)}`);
    chunks.push({ type, data: bytes.subarray(at + 8, end - 4) });
    if (type === "IEND") return chunks;
    at = end;
  }
}

/** Every sample as a byte of its own, [height, width, samples per pixel]. */
function unpackSamples(packed: Uint8Array, { width, height, depth, colour, isInterlaced }: Header): Uint8Array {
  const perPixel = SAMPLES[colour] ?? 1;
  const passes = isInterlaced ? adam7(width, height) : [{ x: 0, y: 0, dx: 1, dy: 1, width, height }];
  const rowBytes = (columns: number) => Math.ceil((columns * perPixel * depth) / 8);
  const size = passes.reduce((sum, pass) => sum + pass.height * (1 + rowBytes(pass.width)), 0);
  const raw = inflate(packed, size);
  const samples = new Uint8Array(width * height * perPixel);
  let at = 0;
  for (const pass of passes) {
    const length = rowBytes(pass.width);
    let above = new Uint8Array(length);
    for (let row = 0; row < pass.height; row++, at += 1 + length) {
      const line = raw.subarray(at + 1, at + 1 + length);
      unfilter(raw[at] ?? 0, line, above, Math.max(1, (perPixel * depth) >> 3));
      for (let i = 0; i < pass.width * perPixel; i++) {
        const column = pass.x + Math.floor(i / perPixel) * pass.dx;
        const target = ((pass.y + row * pass.dy) * width + column) * perPixel + (i % perPixel);
        samples[target] = depth === 8 ? (line[i] as number) : bits(line, i, depth);
      }
      above = line;
    }
  }
  return samples;
}

function inflate(packed: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  let raw: Buffer<ArrayBuffer>;
  try {
    // A bomb ends at the size that the header states.
    raw = inflateSync(packed, { maxOutputLength: size + 1 });
  } catch (cause) {
    throw new PictureFault("damaged PNG", cause instanceof Error ? cause.message : String(cause));
  }
  if (raw.length !== size)
    throw new PictureFault("damaged PNG", `expected ${size} bytes of image, found ${raw.length}`);
  return raw;
}

/** Undoes a row's filter in place. @param above the row before it, as it is after this; @param step bytes per pixel */
function unfilter(filter: number, line: Uint8Array, above: Uint8Array, step: number): void {
  if (filter > 4) throw new PictureFault("damaged PNG", `filter ${filter}`);
  if (filter === 0) return;
  for (let i = 0; i < line.length; i++) {
    const left = i < step ? 0 : (line[i - step] as number);
    const up = above[i] as number;
    const corner = i < step ? 0 : (above[i - step] as number);
    const guess = filter === 1 ? left : filter === 2 ? up : filter === 3 ? (left + up) >> 1 : paeth(left, up, corner);
    line[i] = (line[i] as number) + guess;
  }
}

function paeth(left: number, up: number, corner: number): number {
  const estimate = left + up - corner;
  const [a, b, c] = [Math.abs(estimate - left), Math.abs(estimate - up), Math.abs(estimate - corner)];
  if (a <= b && a <= c) return left;
  return b <= c ? up : corner;
}

function bits(line: Uint8Array, index: number, depth: number): number {
  const at = index * depth;
  return ((line[at >> 3] as number) >> (8 - depth - (at & 7))) & (2 ** depth - 1);
}

function adam7(width: number, height: number) {
  const starts = [
    [0, 0, 8, 8],
    [4, 0, 8, 8],
    [0, 4, 4, 8],
    [2, 0, 4, 4],
    [0, 2, 2, 4],
    [1, 0, 2, 2],
    [0, 1, 1, 2],
  ] as const;
  return starts
    .map(([x, y, dx, dy]) => ({
      x,
      y,
      dx,
      dy,
      width: Math.ceil((width - x) / dx),
      height: Math.ceil((height - y) / dy),
    }))
    .filter((pass) => pass.width > 0 && pass.height > 0);
}

function toPixels(
  samples: Uint8Array,
  { colour, depth, width, height, channels }: Header,
  find: (type: string) => Uint8Array | undefined,
): { readonly pixels: Uint8Array } {
  const count = width * height;
  const clear = find("tRNS");
  if (colour === 0 || colour === 2) {
    if (clear !== undefined) checkKeyed(samples, clear, channels);
    return { pixels: depth === 8 ? samples : samples.map((value) => (value * 255) / (2 ** depth - 1)) };
  }
  const pixels = new Uint8Array(count * channels);
  if (colour === 3) {
    const palette = find("PLTE") ?? new Uint8Array();
    for (let i = 0; i < count; i++) {
      const entry = samples[i] as number;
      if (3 * entry + 3 > palette.length) throw new PictureFault("damaged PNG", "a colour beyond its palette");
      if ((clear?.[entry] ?? 255) < 255) throw transparent();
      pixels.set(palette.subarray(3 * entry, 3 * entry + 3), 3 * i);
    }
    return { pixels };
  }
  for (let i = 0; i < count; i++) {
    const at = i * (channels + 1);
    if (samples[at + channels] !== 255) throw transparent();
    for (let c = 0; c < channels; c++) pixels[i * channels + c] = samples[at + c] as number;
  }
  return { pixels };
}

/** One colour may be declared transparent; 16-bit numbers also for samples of 8 bits. */
function checkKeyed(samples: Uint8Array, clear: Uint8Array, channels: number): void {
  const key = Array.from({ length: channels }, (_, c) => 256 * (clear[2 * c] ?? 0) + (clear[2 * c + 1] ?? 0));
  for (let at = 0; at < samples.length; at += channels)
    if (key.every((value, c) => samples[at + c] === value)) throw transparent();
}

function transparent(): PictureFault {
  return new PictureFault("transparent pixels");
}

function text(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}
