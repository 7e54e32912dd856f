import type { Picture } from "./picture.ts";

/** Coefficients have 22 bits after the point, as PIL's for 8-bit samples. */
const PRECISION = 22;

/**
 * An image as a data set keeps it: the shorter side scaled to `side`, the middle cut out, as many channels as the set has.
 * @param side     undefined leaves the size as it is
 * @param channels grey from colour by ITU-R 601 (PIL's `convert("L")`), colour from grey by repeating it
 * @returns        [channels, height, width]
 * @source         Pillow's antialiased bilinear filter, horizontally and then vertically, rounded to bytes after each; torchvision's
 *                 Resize(side) and CenterCrop(side) for the sizes
 */
export function fitPicture(picture: Picture, side: number | undefined, channels: 1 | 3): Uint8Array {
  const { width, height, pixels } = withChannels(
    side === undefined ? picture : middle(scaled(picture, side), side),
    channels,
  );
  const planes = new Uint8Array(pixels.length);
  const plane = width * height;
  for (let i = 0; i < plane; i++)
    for (let c = 0; c < channels; c++) planes[c * plane + i] = pixels[i * channels + c] as number;
  return planes;
}

function scaled(picture: Picture, side: number): Picture {
  const { width, height } = picture;
  const short = Math.min(width, height);
  if (short === side) return picture;
  // torchvision: int(size * long / short)
  const long = Math.trunc((side * Math.max(width, height)) / short);
  const [newWidth, newHeight] = width <= height ? [side, long] : [long, side];
  return resizeRows(resizeColumns(picture, newWidth), newHeight);
}

function resizeColumns(picture: Picture, width: number): Picture {
  const { height, channels, pixels } = picture;
  if (width === picture.width) return picture;
  const result = new Uint8Array(height * width * channels);
  for (const [x, { start, weights }] of windows(picture.width, width).entries()) {
    for (let y = 0; y < height; y++) {
      const from = (y * picture.width + start) * channels;
      for (let c = 0; c < channels; c++)
        result[(y * width + x) * channels + c] = weighted(pixels, from + c, channels, weights);
    }
  }
  return { width, height, channels, pixels: result };
}

function resizeRows(picture: Picture, height: number): Picture {
  const { width, channels, pixels } = picture;
  if (height === picture.height) return picture;
  const stride = width * channels;
  const result = new Uint8Array(height * stride);
  for (const [y, { start, weights }] of windows(picture.height, height).entries())
    for (let i = 0; i < stride; i++) result[y * stride + i] = weighted(pixels, start * stride + i, stride, weights);
  return { width, height, channels, pixels: result };
}

function weighted(pixels: Uint8Array, from: number, step: number, weights: readonly number[]): number {
  let sum = 2 ** (PRECISION - 1);
  for (let k = 0; k < weights.length; k++) sum += (pixels[from + k * step] as number) * (weights[k] as number);
  return Math.min(255, Math.max(0, Math.floor(sum / 2 ** PRECISION)));
}

interface Window {
  readonly start: number;
  readonly weights: readonly number[];
}

/** Which samples of the old line make each sample of the new one: a triangle as wide as the scale, at least two samples. */
function windows(from: number, to: number): Window[] {
  const scale = from / to;
  const support = Math.max(scale, 1);
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const start = Math.max(0, Math.trunc(centre - support + 0.5));
    const end = Math.min(from, Math.trunc(centre + support + 0.5));
    const raw = Array.from({ length: end - start }, (_, k) =>
      Math.max(0, 1 - Math.abs((start + k - centre + 0.5) / support)),
    );
    const sum = raw.reduce((total, weight) => total + weight, 0);
    return { start, weights: raw.map((weight) => Math.trunc(0.5 + (weight / sum) * 2 ** PRECISION)) };
  });
}

/** torchvision's CenterCrop: the odd pixel by Python's rounding, to the even number. */
function middle(picture: Picture, side: number): Picture {
  const { width, height, channels, pixels } = picture;
  if (width === side && height === side) return picture;
  const [left, top] = [halfEven(width - side), halfEven(height - side)];
  const result = new Uint8Array(side * side * channels);
  for (let y = 0; y < side; y++) {
    const from = ((top + y) * width + left) * channels;
    result.set(pixels.subarray(from, from + side * channels), y * side * channels);
  }
  return { width: side, height: side, channels, pixels: result };
}

function halfEven(n: number): number {
  const half = Math.floor(n / 2);
  return n % 2 === 1 && half % 2 === 1 ? half + 1 : half;
}

function withChannels(picture: Picture, channels: 1 | 3): Picture {
  if (picture.channels === channels) return picture;
  const { width, height, pixels } = picture;
  const count = width * height;
  const result = new Uint8Array(count * channels);
  for (let i = 0; i < count; i++) {
    if (channels === 3) result.fill(pixels[i] as number, 3 * i, 3 * i + 3);
    else result[i] = grey(pixels[3 * i] as number, pixels[3 * i + 1] as number, pixels[3 * i + 2] as number);
  }
  return { width, height, channels, pixels: result };
}

function grey(red: number, green: number, blue: number): number {
  return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
}
