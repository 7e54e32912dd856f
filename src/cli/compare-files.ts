import { probabilityText } from "../analysis/format.ts";
import { type LoadedCheckpoint, readCheckpoint, readMask } from "../checkpoints/read-checkpoint.ts";
import { weightLayers } from "../checkpoints/weight-layers.ts";
import { type StateDict, sameShape } from "../core/array.ts";
import { InputError } from "../core/errors.ts";
import type { Mask } from "../masks/mask.ts";
import { type CorrelationAtP, correlation } from "../stats/correlation.ts";
import { unprotectedFileLayers } from "./file-layers.ts";

export interface FileComparison {
  readonly a: string;
  readonly b: string;
  readonly mask?: string;
  readonly mode: "dense-dense" | "sparse-sparse" | "sparse-dense";
  readonly layers: readonly string[];
  readonly points: readonly CorrelationAtP[];
  /** What was done to names and values while reading. */
  readonly notes: readonly string[];
}

/**
 * R_p of two weight files of any kind that `readCheckpoint` reads.
 * @throws InputError for a file that is missing or malformed, and for weights that do not match
 */
export function compareFiles(
  a: string,
  b: string,
  options: {
    readonly mask?: string;
    readonly mode?: "sparse-sparse" | "sparse-dense";
    /** Without it: the default shares, for sparse-dense those of them that fit into the mask. */
    readonly p?: readonly number[];
    readonly protect: readonly string[];
    readonly key?: string;
  },
): FileComparison {
  if (options.mode !== undefined && options.mask === undefined) {
    throw new InputError({ where: "--mode", message: `${options.mode} needs a mask`, hint: "add --mask FILE" });
  }
  const key = options.key === undefined ? {} : { key: options.key };
  const left = readCheckpoint(a, key);
  const right = readCheckpoint(b, key);
  const layers = comparedLayers(left.tensors, right.tensors, options.protect, `${a} and ${b}`);
  const mode = options.mask === undefined ? "dense-dense" : (options.mode ?? "sparse-sparse");
  const mask = options.mask === undefined ? undefined : readMask(options.mask);
  const p = options.p ?? DEFAULT_SHARES.filter((share) => mode !== "sparse-dense" || fits(share, layers, mask));
  const points = correlation({
    mode,
    layers,
    p,
    a: left.tensors,
    b: right.tensors,
    ...(mask === undefined ? {} : { mask }),
  });
  const notes = [...fileNotes(a, left, options.mask), ...fileNotes(b, right, options.mask)];
  return { a, b, ...(options.mask === undefined ? {} : { mask: options.mask }), mode, layers, points, notes };
}

const DEFAULT_SHARES = [0.1, 0.2, 0.3, 0.4, 0.5];

/** Whether the top share of every masked layer is smaller than what the mask keeps of it. */
function fits(share: number, layers: readonly string[], mask: Mask | undefined): boolean {
  return layers.every((name) => mask?.has(name) !== true || share * mask.size(name) < mask.keptCount(name));
}

function fileNotes(path: string, { notes, mask }: LoadedCheckpoint, given: string | undefined): string[] {
  const unused = `it has a mask, which is not used: add --mask ${path} to compare under it`;
  return [...notes, ...(mask !== undefined && given === undefined ? [unused] : [])].map((note) => `${path}: ${note}`);
}

/** Unprotected weights of convolutions and linear layers that both files have in the same shape. */
function comparedLayers(a: StateDict, b: StateDict, protect: readonly string[], files: string): string[] {
  const layers = unprotectedFileLayers(weightLayers(a), protect)
    .filter(({ name, shape }) => sameShape(b.get(name)?.shape ?? [], shape))
    .map(({ name }) => name);
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
    probabilityText(row.pValue),
  ];
  return `${row.layer.padEnd(width)}${cells.map((cell) => cell.padStart(10)).join("")}`;
}
