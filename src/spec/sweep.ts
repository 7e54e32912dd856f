import type { Json } from "../core/canonical-json.ts";
import { suggest } from "../core/nearest.ts";
import { visible } from "../core/visible.ts";
import { describeValue, isInside, type Path, type Problem, problem } from "./problem.ts";
import { pathsOf } from "./read.ts";
import { dataFields, trainFields } from "./schema.ts";
import { expandShorthands } from "./shorthand.ts";
import { isMapping, withValueAt } from "./tree.ts";

/** A field that differs between the variants, and the values it takes. */
export interface Dimension {
  /** Where it is written: the fields of `sweep` are multiplied, those of `cases` go together. */
  readonly from: "sweep" | "cases";
  /** As written, e.g. `train.optimizer.sgd.lr`. */
  readonly key: string;
  readonly path: Path;
  readonly values: readonly Json[];
}

/** One combination of the swept values, written into the spec. */
export interface SweepPoint {
  readonly tree: unknown;
  readonly values: Readonly<Record<string, Json>>;
  /** Index into the values of every dimension. */
  readonly indices: readonly number[];
}

/** More variants than this are taken for a slip. */
export const mostVariants = 1000;

const sweepable = [
  ...["data", ...Object.keys(dataFields).map((field) => `data.${field}`)],
  "model",
  ...pathsOf(trainFields).map((path) => `train.${path}`),
];

/** Reads `sweep`. Dimensions with a problem are left out, so that the rest is still checked. */
export function readSweep(raw: unknown): {
  readonly dimensions: readonly Dimension[];
  readonly problems: readonly Problem[];
} {
  if (raw === undefined) return { dimensions: [], problems: [] };
  if (!isMapping(raw)) {
    const message = `expected a mapping from fields to lists of values, got ${describeValue(raw)}`;
    return {
      dimensions: [],
      problems: [problem(["sweep"], message, "for example { train.optimizer.sgd.lr: [0.01, 0.1] }")],
    };
  }
  const problems = Object.entries(raw).map(([key, values]) => dimensionProblems(key, values, Object.keys(raw)));
  const dimensions = Object.entries(raw).flatMap(([key, values], i) =>
    problems[i]?.length === 0
      ? [{ from: "sweep" as const, key, path: key.split("."), values: values as readonly Json[] }]
      : [],
  );
  const variants = dimensions.reduce((product, { values }) => product * values.length, 1);
  if (variants <= mostVariants) return { dimensions, problems: problems.flat() };
  const message = `expected at most ${mostVariants} variants, got ${variants} combinations of the swept values`;
  return { dimensions: [], problems: [...problems.flat(), problem(["sweep"], message)] };
}

/**
 * What is wrong with the name of a field that is to differ between the variants.
 * @param place where it is written
 * @param keys  all fields that are to differ, this one among them
 */
export function fieldProblems(key: string, place: Path, keys: readonly string[]): readonly Problem[] {
  const path = key.split(".");
  // Which options a model has is known only once the model is: its own schema judges them.
  const isKnown = sweepable.includes(key) || (path[0] === "model" && path.length === 2 && path[1] !== "");
  if (!isKnown) {
    const message = `expected a field inside data, model or train, got "${key}"`;
    return [{ path: place, at: "key", message, hint: suggestField(key) }];
  }
  const outer = keys.find((other) => other !== key && isInside(path, other.split(".")));
  if (outer === undefined) return [];
  return [{ path: place, at: "key", message: `expected fields apart from each other, got ${key} inside ${outer}` }];
}

function dimensionProblems(key: string, values: unknown, keys: readonly string[]): readonly Problem[] {
  const place = ["sweep", key];
  const wrongField = fieldProblems(key, place, keys);
  if (wrongField.length > 0) return wrongField;
  if (!Array.isArray(values) || values.length === 0) {
    const isPlain = typeof values === "number" || typeof values === "string" || typeof values === "boolean";
    const example = isPlain ? `for example [${values}]` : undefined;
    return [problem(place, `expected a list of values, got ${describeValue(values)}`, example)];
  }
  const texts = values.map((value) => JSON.stringify(value));
  return texts.flatMap((text, i) =>
    texts.indexOf(text) < i
      ? [problem([...place, i], `expected each value once, got ${describeValue(values[i])} again`)]
      : [],
  );
}

function suggestField(key: string): string {
  const last = key.split(".").at(-1);
  const sameName = sweepable.filter((path) => path.split(".").at(-1) === last);
  return sameName.length > 0
    ? `did you mean ${sameName.map((path) => `"${path}"`).join(" or ")}?`
    : suggest(key, sweepable);
}

/** The cases, each with all combinations of the swept values; what is written first varies slowest. Without either: the spec itself. */
export function sweepPoints(tree: unknown, dimensions: readonly Dimension[]): readonly SweepPoint[] {
  const cases = dimensions.filter(({ from }) => from === "cases");
  const start: SweepPoint = { tree, values: {}, indices: [] };
  const [first] = cases;
  let points =
    first === undefined ? [start] : first.values.map((_, i) => cases.reduce((at, to) => moved(at, to, i), start));
  for (const dimension of dimensions) {
    if (dimension.from === "cases") continue;
    points = points.flatMap((point) => dimension.values.map((_, i) => moved(point, dimension, i)));
  }
  return points;
}

/** The point with the `index`-th value of one more dimension. */
function moved(
  { tree, values, indices }: SweepPoint,
  { key, path, values: all }: Dimension,
  index: number,
): SweepPoint {
  const value = all[index] ?? null;
  return {
    // Where the field's place is taken by something else, that is reported as what is wrong.
    tree: expandShorthands(withValueAt(tree, path, value)?.tree ?? tree),
    values: { ...values, [key]: value },
    indices: [...indices, index],
  };
}

/** Moves a problem with a swept value to where that value is written. @param dimensions in the order of the indices */
export function relocate(found: Problem, dimensions: readonly Dimension[], indices: readonly number[]): Problem {
  for (const [d, { from, key, path }] of dimensions.entries()) {
    if (!isInside(found.path, path)) continue;
    const inner = found.path.slice(path.length);
    const index = indices[d] ?? 0;
    if (from === "cases") return { ...found, path: ["cases", index, key, ...inner] };
    // An option that the model does not have is the fault of the field's name, not of one of its values.
    if (found.at === "key" && inner.length === 0) return { ...found, path: ["sweep", key] };
    return { ...found, path: ["sweep", key, index, ...inner] };
  }
  return found;
}

/**
 * A variant in a few words: `lr 0.1`, `epochs 20, width 8`. Fields of the same last name are written with their whole path; what a case
 * names (`mobilenet-v2, cifar10`) speaks for itself.
 */
export function variantLabel(dimensions: readonly Dimension[], values: Readonly<Record<string, Json>>): string {
  const shortName = ({ path }: Dimension) => String(path.at(-1) === "name" ? path[0] : path.at(-1));
  // It stands in tables, file names' titles and drawings.
  const label = dimensions
    .map((dimension) => {
      const value = labelValue(values[dimension.key]);
      if (dimension.from === "cases" && /^(data|model)(\.name)?$/.test(dimension.key)) return value;
      const name = shortName(dimension);
      const isUnique = dimensions.filter((other) => shortName(other) === name).length === 1;
      return `${isUnique ? name : dimension.key} ${value}`;
    })
    .join(", ");
  return visible(label);
}

function labelValue(value: unknown): string {
  if (typeof value === "string") return value;
  if (!isMapping(value) || typeof value.name !== "string") return JSON.stringify(value);
  const { name, ...options } = value;
  const described = Object.entries(options).map(([option, of]) => `${option} ${labelValue(of)}`);
  return described.length === 0 ? name : `${name} (${described.join(", ")})`;
}
