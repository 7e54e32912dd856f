import { createRequire } from "node:module";
import { checkSize, type Picture, PictureFault, type PictureSize } from "./picture.ts";

const require = createRequire(import.meta.url);

export function isJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
}

/** What a JPEG's frame header says. @throws PictureFault for CMYK, more than 8 bits, and a file that is cut off */
export function jpegSize(bytes: Uint8Array): PictureSize {
  return walk(bytes).size;
}

/**
 * Decodes a JPEG. Colour profiles and the camera's orientation are not applied, as torchvision's image folders do not.
 * @throws PictureFault for CMYK, more than 8 bits per sample, and damage
 */
export function decodeJpeg(bytes: Uint8Array): Picture {
  const { size, plain } = walk(bytes);
  const { width, height, channels } = size;
  // Loaded at the first JPEG: planning needs no decoder.
  const { createCanvas, Image } = require("@napi-rs/canvas") as typeof import("@napi-rs/canvas");
  const image = new Image();
  let fault = "";
  image.onerror = () => {
    fault = "cannot be decoded";
  };
  try {
    image.src = Buffer.from(plain);
  } catch (cause) {
    fault = cause instanceof Error ? cause.message : String(cause);
  }
  if (fault !== "" || image.width !== width || image.height !== height)
    throw new PictureFault("damaged JPEG", fault === "" ? "its size is not the header's" : fault);
  const context = createCanvas(width, height).getContext("2d", { alpha: true });
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  const pixels = new Uint8Array(width * height * channels);
  for (let i = 0; i < width * height; i++) {
    // What the decoder did not draw stays transparent.
    if (data[4 * i + 3] !== 255) throw new PictureFault("damaged JPEG", "a part of the image is missing");
    for (let c = 0; c < channels; c++) pixels[i * channels + c] = data[4 * i + c] as number;
  }
  return { width, height, channels, pixels };
}

/** Segments that change how an image is shown, not what it holds: Exif's orientation and colour profiles. */
const SHOWN = new Set([0xe1, 0xe2]);

/** Walks from marker to marker to the end-of-image, so that a file that is cut off is found: decoders fill the rest with grey. */
function walk(bytes: Uint8Array): { readonly size: PictureSize; readonly plain: Uint8Array } {
  const kept: Uint8Array[] = [bytes.subarray(0, 2)];
  let size: PictureSize | undefined;
  let hasScan = false;
  for (let at = 2; ; ) {
    const marker = bytes[at + 1];
    if (bytes[at] !== 0xff || marker === undefined) throw new PictureFault("truncated JPEG");
    if (marker === 0xff) {
      at++;
      continue;
    }
    if (marker === 0xd9) {
      if (size === undefined || !hasScan) throw new PictureFault("damaged JPEG", "no image in it");
      kept.push(bytes.subarray(at, at + 2));
      return { size, plain: Buffer.concat(kept) };
    }
    const length = (bytes[at + 2] ?? 0) * 256 + (bytes[at + 3] ?? 0);
    let end = at + 2 + length;
    if (length < 2 || end > bytes.length) throw new PictureFault("truncated JPEG");
    if (isFrame(marker)) size = frame(bytes.subarray(at + 4, end));
    if (marker === 0xda) {
      hasScan = true;
      end = endOfScan(bytes, end);
    }
    if (!SHOWN.has(marker)) kept.push(bytes.subarray(at, end));
    at = end;
  }
}

/** Start-of-frame markers; C4, C8 and CC are tables. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

function frame(segment: Uint8Array): PictureSize {
  const [depth = 0, high = 0, low = 0, wide = 0, narrow = 0, components = 0] = segment;
  if (depth !== 8) throw new PictureFault(`JPEG of ${depth} bits per sample`);
  if (components === 4) throw new PictureFault("CMYK JPEG");
  if (components !== 1 && components !== 3) throw new PictureFault("damaged JPEG", `${components} components`);
  const [width, height] = [256 * wide + narrow, 256 * high + low];
  checkSize(width, height);
  return { width, height, channels: components };
}

/** Where the next segment begins after compressed data: FF00 is a byte of it, and restarts stand inside. */
function endOfScan(bytes: Uint8Array, start: number): number {
  for (let at = bytes.indexOf(0xff, start); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    const next = bytes[at + 1];
    if (next === undefined) break;
    if (next !== 0 && next !== 0xff && (next < 0xd0 || next > 0xd7)) return at;
  }
  throw new PictureFault("truncated JPEG");
}
