import type { StateDict } from "../core/array.ts";

/** Plain loops in float64, written from the definitions: an independent reference for the models' forward passes. */

/** One image or activation: [C][H][W]. */
export type Image = readonly (readonly (readonly number[])[])[];

function numbers(state: StateDict, name: string): readonly number[] {
  const array = state.get(name);
  if (array === undefined) throw new Error(`no ${name}`);
  return Array.from<number | bigint>(array.data).map(Number);
}

function grid(channels: number, height: number, width: number, at: (c: number, y: number, x: number) => number): Image {
  return Array.from({ length: channels }, (_, c) =>
    Array.from({ length: height }, (_, y) => Array.from({ length: width }, (_, x) => at(c, y, x))),
  );
}

const size = (image: Image): [number, number, number] => [
  image.length,
  image[0]?.length ?? 0,
  image[0]?.[0]?.length ?? 0,
];
const pixel = (image: Image, c: number, y: number, x: number): number => image[c]?.[y]?.[x] ?? 0;

/** With the bias and the groups that the weights have. */
export function conv(state: StateDict, name: string, image: Image, stride = 1, padding = 0): Image {
  const weight = numbers(state, `${name}.weight`);
  const bias = state.has(`${name}.bias`) ? numbers(state, `${name}.bias`) : [];
  const [outputs = 0, inputs = 0, kernel = 0] = state.get(`${name}.weight`)?.shape ?? [];
  const [channels, height, width] = size(image);
  const outputsPerGroup = outputs / (channels / inputs);
  const out = (length: number) => Math.floor((length + 2 * padding - kernel) / stride) + 1;
  return grid(outputs, out(height), out(width), (o, y, x) => {
    const firstInput = inputs * Math.floor(o / outputsPerGroup);
    let sum = bias[o] ?? 0;
    for (let i = 0; i < inputs; i++)
      for (let ky = 0; ky < kernel; ky++)
        for (let kx = 0; kx < kernel; kx++)
          sum +=
            (weight[((o * inputs + i) * kernel + ky) * kernel + kx] ?? Number.NaN) *
            pixel(image, firstInput + i, y * stride + ky - padding, x * stride + kx - padding);
    return sum;
  });
}

/** Batch-norm in evaluation. */
export function norm(state: StateDict, name: string, image: Image): Image {
  const [weight, bias, mean, variance] = ["weight", "bias", "running_mean", "running_var"].map((part) =>
    numbers(state, `${name}.${part}`),
  );
  const of = (list: readonly number[] | undefined, c: number) => list?.[c] ?? Number.NaN;
  return grid(
    ...size(image),
    (c, y, x) =>
      ((pixel(image, c, y, x) - of(mean, c)) / Math.sqrt(of(variance, c) + 1e-5)) * of(weight, c) + of(bias, c),
  );
}

export function relu(image: Image): Image {
  return grid(...size(image), (c, y, x) => Math.max(0, pixel(image, c, y, x)));
}

export function add(a: Image, b: Image): Image {
  return grid(...size(a), (c, y, x) => pixel(a, c, y, x) + pixel(b, c, y, x));
}

/** Largest of each 2×2 window. */
export function maxPool(image: Image): Image {
  const [channels, height, width] = size(image);
  return grid(channels, Math.floor(height / 2), Math.floor(width / 2), (c, y, x) =>
    Math.max(...[0, 1].flatMap((dy) => [0, 1].map((dx) => pixel(image, c, 2 * y + dy, 2 * x + dx)))),
  );
}

/** Option A's shortcut at stride 2: every second pixel, a quarter of the new channels of zeros on either side. */
export function identityA(image: Image, outputs: number): Image {
  const [, height, width] = size(image);
  const before = outputs / 4;
  return grid(outputs, Math.ceil(height / 2), Math.ceil(width / 2), (c, y, x) =>
    pixel(image, c - before, 2 * y, 2 * x),
  );
}

export function fullyConnected(state: StateDict, name: string, x: readonly number[]): number[] {
  const weight = numbers(state, `${name}.weight`);
  return numbers(state, `${name}.bias`).map((b, o) =>
    x.reduce((sum, value, i) => sum + value * (weight[o * x.length + i] ?? Number.NaN), b),
  );
}

export const flat = (image: Image): number[] => image.flat(2);
export const positive = (x: readonly number[]): number[] => x.map((value) => Math.max(0, value));
export const channelMeans = (image: Image): number[] =>
  image.map((plane) => plane.flat().reduce((sum, value) => sum + value, 0) / plane.flat().length);
