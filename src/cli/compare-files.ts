import { readFileSync } from "node:fs";
import { type StateDict, sameShape } from "../core/array.ts";
import { InputError } from "../core/errors.ts";
import { decodeSafetensors } from "../core/safetensors.ts";
import { Mask } from "../masks/mask.ts";
import type { LayerSummary } from "../models/types.ts";
import { unprotectedLayers } from "../spec/layers.ts";
import { type CorrelationAtP, correlation } from "../stats/correlation.ts";

export interface FileComparison {
  readonly a: string;
  readonly b: string;
  readonly mask?: string;
  readonly mode: "dense-dense" | "sparse-sparse" | "sparse-dense";
  readonly layers: readonly string[];
  readonly points: readonly CorrelationAtP[];
}

/**
 * R_p of two weight files.
 * @throws InputError for a file that is missing or malformed, and for weights that do not match
 */
export function compareFiles(
  a: string,
  b: string,
  options: {
    readonly mask?: string;
    readonly mode?: "sparse-sparse" | "sparse-dense";
    readonly p: readonly number[];
    readonly protect: readonly string[];
  },
): FileComparison {
  if (options.mode !== undefined && options.mask === undefined) {
    throw new InputError({ where: "--mode", message: `${options.mode} needs a mask`, hint: "add --mask FILE" });
  }
  const [left, right] = [readWeights(a), readWeights(b)];
  const layers = comparedLayers(left, right, options.protect, `${a} and ${b}`);
  const mode = options.mask === undefined ? "dense-dense" : (options.mode ?? "sparse-sparse");
  const mask = options.mask === undefined ? {} : { mask: Mask.fromStateDict(readWeights(options.mask)) };
  const points = correlation({ mode, layers, p: options.p, a: left, b: right, ...mask });
  return { a, b, ...(options.mask === undefined ? {} : { mask: options.mask }), mode, layers, points };
}

function readWeights(path: string): StateDict {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new InputError({ where: path, message: `cannot be read: ${reason}`, hint: "name a .safetensors file" });
  }
  return decodeSafetensors(bytes, path).tensors;
}

/** Weights of convolutions and linear layers: arrays of two or more dimensions that both files have in the same shape. */
function comparedLayers(a: StateDict, b: StateDict, protect: readonly string[], files: string): string[] {
  const prunable = [...a].flatMap(([name, array]): LayerSummary[] => {
    const other = b.get(name);
    if (array.shape.length < 2 || other === undefined || !sameShape(array.shape, other.shape)) return [];
    return [{ name, kind: array.shape.length === 2 ? "linear" : "conv", shape: array.shape }];
  });
  const layers = unprotectedLayers(prunable, protect).map(({ name }) => name);
  if (layers.length > 0) return layers;
  throw new InputError({
    where: files,
    message: "have no unprotected weights (two or more dimensions) with equal names and shapes in common",
    hint: `names in the first: ${[...a.keys()].slice(0, 4).join(", ")}; in the second: ${[...b.keys()].slice(0, 4).join(", ")}`,
  });
}

/** A table per p: every layer and the total, R_p beside its null. */
export function comparisonText(comparison: FileComparison): string {
  const width = Math.max(5, ...comparison.layers.map((name) => name.length));
  const head = `${"layer".padEnd(width)}${["weights", "overlap", "R_p", "null", "z", "p-value"].map((title) => title.padStart(10)).join("")}`;
  const tables = comparison.points.map((point) => {
    const n = point.layers.reduce((sum, layer) => sum + layer.n, 0);
    const overlap = point.layers.reduce((sum, layer) => sum + layer.overlap, 0);
    const rows = [...point.layers, { ...point, layer: "total", n, overlap }].map((row) => rowText(row, width));
    return [`p = ${point.p}`, head, ...rows].join("\n");
  });
  return `${comparison.mode}: ${comparison.a} against ${comparison.b}\n\n${tables.join("\n\n")}\n`;
}

function rowText(
  row: {
    readonly layer: string;
    readonly n: number;
    readonly overlap: number;
    readonly rp: number;
    readonly nullRp: number;
    readonly z: number | null;
    readonly pValue: number;
  },
  width: number,
): string {
  const cells = [
    String(row.n),
    String(row.overlap),
    row.rp.toFixed(4),
    row.nullRp.toFixed(4),
    row.z === null ? "-" : row.z.toFixed(2),
    row.pValue < 1e-4 ? row.pValue.toExponential(1) : row.pValue.toFixed(4),
  ];
  return `${row.layer.padEnd(width)}${cells.map((cell) => cell.padStart(10)).join("")}`;
}
