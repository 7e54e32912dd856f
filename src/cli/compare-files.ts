import { probabilityText } from "../analysis/format.ts";
import { splitKey } from "../checkpoints/file-key.ts";
import { checkCovers, commonPrefixes, fitMask } from "../checkpoints/fit-mask.ts";
import { type LoadedCheckpoint, readCheckpoint } from "../checkpoints/read-checkpoint.ts";
import { readMask } from "../checkpoints/read-mask.ts";
import { listed } from "../checkpoints/refuse.ts";
import { weightLayers } from "../checkpoints/weight-layers.ts";
import { type StateDict, sameShape } from "../core/array.ts";
import { InputError } from "../core/errors.ts";
import { visible } from "../core/visible.ts";
import type { Mask } from "../masks/mask.ts";
import type { LayerSummary } from "../models/types.ts";
import { type CorrelationAtP, correlation } from "../stats/correlation.ts";
import { unprotectedFileLayers } from "./file-layers.ts";

export interface FileComparison {
  readonly a: string;
  readonly b: string;
  readonly mask?: string;
  readonly mode: "dense-dense" | "sparse-sparse" | "sparse-dense";
  readonly layers: readonly string[];
  readonly points: readonly CorrelationAtP[];
  /** What was done to names and values while reading, and what is left out. */
  readonly notes: readonly string[];
}

export interface CompareFilesOptions {
  readonly mask?: string;
  readonly mode?: "sparse-sparse" | "sparse-dense";
  /** Without it: the default shares, for sparse-dense those of them that fit into the mask. */
  readonly p?: readonly number[];
  readonly protect: readonly string[];
  /** Names that are layers whatever they are called. */
  readonly layers?: readonly string[];
  readonly key?: string;
  readonly maskKey?: string;
}

/**
 * R_p of two weight files of any kind that `readCheckpoint` reads.
 * @param a a file, with `#key` behind it for one dictionary of it; `b` likewise
 * @throws InputError for a file that is missing or malformed, and for weights or a mask that do not match
 */
export function compareFiles(a: string, b: string, options: CompareFilesOptions): FileComparison {
  if (options.mode !== undefined && options.mask === undefined) {
    throw new InputError({ where: "--mode", message: `${options.mode} needs a mask`, hint: "add --mask FILE" });
  }
  const left = readSide(a, options.key);
  const { right, note } = aligned(left, readSide(b, options.key), b);
  const { layers, notes: omitted } = comparedLayers(left, right, options, { a, b });
  const mode = options.mask === undefined ? "dense-dense" : (options.mode ?? "sparse-sparse");
  const fitted = options.mask === undefined ? undefined : maskFor(options.mask, options.maskKey, left, layers);
  const p = options.p ?? DEFAULT_SHARES.filter((share) => mode !== "sparse-dense" || fits(share, layers, fitted?.mask));
  const points = correlation({
    mode,
    layers,
    p,
    a: left.tensors,
    b: right.tensors,
    ...(fitted === undefined ? {} : { mask: fitted.mask }),
  });
  const notes = [
    ...fileNotes(a, left, options.mask),
    ...fileNotes(b, right, options.mask),
    ...note,
    ...omitted,
    ...(fitted?.notes ?? []),
    ...tieNotes(points),
  ];
  return { a, b, ...(options.mask === undefined ? {} : { mask: options.mask }), mode, layers, points, notes };
}

function readSide(text: string, key: string | undefined): LoadedCheckpoint {
  const { file, key: own = key } = splitKey(text);
  return readCheckpoint(file, own === undefined ? {} : { key: own });
}

function maskFor(text: string, key: string | undefined, left: LoadedCheckpoint, layers: readonly string[]) {
  const { file, key: own = key } = splitKey(text);
  const { mask, notes } = readMask(file, own === undefined ? {} : { key: own });
  const fitted = fitMask(mask, left.tensors, file, left.ties);
  checkCovers(fitted.mask, layers, file);
  return { mask: fitted.mask, notes: [...notes.map((note) => `${file}: ${note}`), ...fitted.notes] };
}

/** The second file by the names of the first, where all names of one of them begin alike and no name is in both. */
function aligned(
  left: LoadedCheckpoint,
  right: LoadedCheckpoint,
  file: string,
): { right: LoadedCheckpoint; note: readonly string[] } {
  const common = (tensors: StateDict) =>
    [...tensors].filter(([name, { shape }]) => sameShape(left.tensors.get(name)?.shape ?? [-1], shape));
  if (common(right.tensors).length > 0) return { right, note: [] };
  for (const drop of commonPrefixes([...right.tensors.keys()]))
    for (const add of commonPrefixes([...left.tensors.keys()])) {
      const name = (old: string) => add + old.slice(drop.length);
      const renamed = (state: StateDict) => new Map([...state].map(([old, array]) => [name(old), array]));
      const tensors = renamed(right.tensors);
      if (common(tensors).length === 0) continue;
      const same = new Map([...right.ties.same].map(([x, y]) => [name(x), name(y)]));
      const note = `${file}: its names are read with "${add}" in the place of "${drop}"`;
      return { right: { ...right, tensors, ties: { ...right.ties, same } }, note: [note] };
    }
  return { right, note: [] };
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

/** Weights that tie at a threshold have no order: said where it decides. */
function tieNotes(points: readonly CorrelationAtP[]): readonly string[] {
  return points.flatMap(({ p, layers }) => {
    const tied = layers.filter(({ ties }) => ties !== undefined);
    const share = Math.max(...tied.map(({ ties, n }) => Math.max(...(ties ?? [0])) / n));
    if (tied.length === 0) return [];
    const names = listed(tied.map(({ layer }) => layer));
    return [
      `p = ${p}: up to ${(100 * share).toFixed(1)} % of the weights of ${names} are equal at the threshold and count with their expectation; for pruned files give the mask`,
    ];
  });
}

interface Names {
  readonly a: string;
  readonly b: string;
}

/** Unprotected layers that both files have in the same shape, and what only one of them has. */
function comparedLayers(
  left: LoadedCheckpoint,
  right: LoadedCheckpoint,
  { protect, layers: named = [] }: CompareFilesOptions,
  files: Names,
): { readonly layers: string[]; readonly notes: readonly string[] } {
  const found = { a: weightLayers(left.tensors, named, left.ties), b: weightLayers(right.tensors, named, right.ties) };
  const shared = found.a.layers.filter(({ name, shape }) => sameShape(right.tensors.get(name)?.shape ?? [-1], shape));
  if (shared.length === 0) {
    throw new InputError({
      where: `${files.a} and ${files.b}`,
      message: "have no layers (weights of two or more dimensions) with equal names and shapes in common",
      hint: `names in the first: ${[...left.tensors.keys()].slice(0, 4).join(", ")}; in the second: ${[...right.tensors.keys()].slice(0, 4).join(", ")}`,
    });
  }
  const layers = unprotectedOfBoth(shared, { left, right, found }, protect, files);
  if (layers.length === 0) throw new InputError({ where: "--protect", message: "leaves no layer to compare" });
  const only = (own: readonly LayerSummary[], other: StateDict, file: string) => {
    const missing = own.filter(({ name }) => !other.has(name)).map(({ name }) => name);
    return missing.length === 0 ? [] : [`left out, because only ${file} has them: ${listed(missing)}`];
  };
  const differing = found.a.layers.filter(
    ({ name, shape }) => right.tensors.has(name) && !sameShape(right.tensors.get(name)?.shape ?? [], shape),
  );
  const others = found.a.others.map(({ name, reason }) => `${name} (${reason})`);
  return {
    layers,
    notes: [
      ...only(found.a.layers, right.tensors, files.a),
      ...only(found.b.layers, left.tensors, files.b),
      ...(differing.length === 0
        ? []
        : [`left out, because their shapes differ: ${listed(differing.map(({ name }) => name))}`]),
      ...(others.length === 0 ? [] : [`not taken for layers: ${listed(others)}; --layers NAMES takes them`]),
    ],
  };
}

/** What is protected is what the files say, whichever of them comes first. */
function unprotectedOfBoth(
  shared: readonly LayerSummary[],
  {
    left,
    right,
    found,
  }: {
    left: LoadedCheckpoint;
    right: LoadedCheckpoint;
    found: { a: { layers: readonly LayerSummary[] }; b: { layers: readonly LayerSummary[] } };
  },
  protect: readonly string[],
  files: Names,
): string[] {
  const sides = [
    { side: left, all: found.a.layers },
    { side: right, all: found.b.layers },
  ];
  const ordered = sides.filter(({ side }) => side.isOrdered);
  const answers = (ordered.length > 0 ? ordered : sides).map(({ side, all }) => {
    const names = new Set(unprotectedFileLayers(all, protect, side.isOrdered, side.ties).map(({ name }) => name));
    return shared.filter(({ name }) => names.has(name)).map(({ name }) => name);
  });
  const [first = [], second = first] = answers;
  if ([...first].sort().join() !== [...second].sort().join())
    throw new InputError({
      where: "--protect",
      message: `means other layers in ${files.a} than in ${files.b}: left are ${listed(first)}, and ${listed(second)}`,
      hint: "name the layers to leave out, or --protect none",
    });
  return first;
}

/** A table per p: every layer and the total, R_p beside its null. */
export function comparisonText(comparison: FileComparison): string {
  const width = Math.max(5, ...comparison.layers.map((name) => visible(name).length));
  const head = `${"layer".padEnd(width)}${["weights", "overlap", "R_p", "null", "z", "p-value"].map((title) => title.padStart(10)).join("")}`;
  const tables = comparison.points.map((point) => {
    const n = point.layers.reduce((sum, layer) => sum + layer.n, 0);
    const overlap = point.layers.reduce((sum, layer) => sum + layer.overlap, 0);
    const rows = [...point.layers, { ...point, layer: "total", n, overlap }].map((row) => rowText(row, width));
    return [`p = ${point.p}`, head, ...rows].join("\n");
  });
  return `${comparison.mode}: ${visible(comparison.a)} against ${visible(comparison.b)}\n\n${tables.join("\n\n")}\n`;
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
    Number.isInteger(row.overlap) ? String(row.overlap) : row.overlap.toFixed(1),
    row.rp.toFixed(4),
    row.nullRp.toFixed(4),
    row.z === null ? "-" : row.z.toFixed(2),
    probabilityText(row.pValue),
  ];
  return `${visible(row.layer).padEnd(width)}${cells.map((cell) => cell.padStart(10)).join("")}`;
}
