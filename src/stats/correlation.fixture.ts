import type { StateDict } from "../core/array.ts";
import type { Stream } from "../core/rng.ts";
import { Mask } from "../masks/mask.ts";
import type { CorrelationMode } from "./correlation.ts";

export type Layers = Readonly<Record<string, readonly number[]>>;

export function state(layers: Layers): StateDict {
  return new Map(
    Object.entries(layers).map(([name, w]) => [
      name,
      { dtype: "float64", shape: [w.length], data: Float64Array.from(w) },
    ]),
  );
}

export function maskOf(layers: Layers): Mask {
  return new Mask(Object.entries(layers).map(([name, m]) => [name, { shape: [m.length], keep: Uint8Array.from(m) }]));
}

// The reference: R_p straight from its definition, by sorting, with nothing of ours but the inputs.

export function top(w: readonly number[], k: number, allowed: readonly number[]): Set<number> {
  const order = [...allowed].sort((i, j) => Math.abs(w[j] ?? 0) - Math.abs(w[i] ?? 0) || i - j);
  return new Set(order.slice(0, k));
}

/** Positions of the layer, and those that the mask keeps. */
export function positions(w: readonly number[], m: readonly number[] | undefined): { all: number[]; kept: number[] } {
  const all = [...w.keys()];
  return { all, kept: m === undefined ? all : all.filter((i) => m[i] === 1) };
}

export function overlapByDefinition(
  mode: CorrelationMode,
  a: readonly number[],
  b: readonly number[],
  m: readonly number[] | undefined,
  p: number,
): { overlap: number; n: number; k: number } {
  const { all, kept } = positions(a, m);
  const n = mode === "sparse-sparse" ? kept.length : all.length;
  const k = Math.max(1, Math.round(p * n));
  const [topA, topB] = [top(a, k, kept), top(b, k, mode === "sparse-dense" ? all : kept)];
  return { overlap: [...topA].filter((i) => topB.has(i)).length, n, k };
}

export function rpByDefinition(mode: CorrelationMode, a: Layers, b: Layers, m: Layers, p: number): number {
  const counts = Object.keys(a).map((name) => overlapByDefinition(mode, a[name] ?? [], b[name] ?? [], m[name], p));
  return counts.reduce((sum, c) => sum + c.overlap, 0) / counts.reduce((sum, c) => sum + c.k, 0);
}

export function permutations(items: readonly number[]): number[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((first, i) => permutations(items.filter((_, j) => j !== i)).map((rest) => [first, ...rest]));
}

/** Puts the weights at `places` into another order; the others stay. */
export function rearranged(w: readonly number[], places: readonly number[], order: readonly number[]): number[] {
  const moved = [...w];
  for (const [i, place] of places.entries()) moved[place] = w[order[i] ?? 0] ?? 0;
  return moved;
}

export const a: Layers = { conv: [0.3, -1.2, 0.7, 2.0, -0.1, 0.9, -1.5], fc: [0.5, -0.2, 0.1, 0.8] };
export const b: Layers = { conv: [0.2, -1.1, -0.6, 1.0, 0.4, -0.3, 1.7], fc: [-0.1, 0.4, 0.6, 0.7] };
export const m: Layers = { conv: [1, 0, 1, 1, 1, 0, 1] }; // fc is not masked; conv keeps 5 of 7, without the second largest of b

export function normals(draws: Stream, n: number): number[] {
  return Array.from({ length: n }, () => draws.normal());
}
