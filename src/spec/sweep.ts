import type { Json } from "../core/canonical-json.ts";
import { suggest } from "../core/nearest.ts";
import { describeValue, isInside, type Path, type Problem, problem } from "./problem.ts";
import { pathsOf } from "./read.ts";
import { dataFields, trainFields } from "./schema.ts";
import { expandShorthands } from "./shorthand.ts";
import { isMapping, withValueAt } from "./tree.ts";

/** One line of `sweep`: a field and the values it takes. */
export interface Dimension {
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
const mostVariants = 1000;

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
    problems[i]?.length === 0 ? [{ key, path: key.split("."), values: values as readonly Json[] }] : [],
  );
  const variants = dimensions.reduce((product, { values }) => product * values.length, 1);
  if (variants <= mostVariants) return { dimensions, problems: problems.flat() };
  const message = `expected at most ${mostVariants} variants, got ${variants} combinations of the swept values`;
  return { dimensions: [], problems: [...problems.flat(), problem(["sweep"], message)] };
}

function dimensionProblems(key: string, values: unknown, keys: readonly string[]): readonly Problem[] {
  const place = ["sweep", key];
  const path = key.split(".");
  // Which options a model has is known only once the model is: its own schema judges them.
  const isKnown = sweepable.includes(key) || (path[0] === "model" && path.length === 2 && path[1] !== "");
  if (!isKnown) {
    const message = `expected a field inside data, model or train, got "${key}"`;
    return [{ path: place, at: "key", message, hint: suggestField(key) }];
  }
  const outer = keys.find((other) => other !== key && isInside(path, other.split(".")));
  if (outer !== undefined) {
    return [{ path: place, at: "key", message: `expected fields apart from each other, got ${key} inside ${outer}` }];
  }
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

/** All combinations, the first field varying slowest. Without a sweep: the spec itself. */
export function sweepPoints(tree: unknown, dimensions: readonly Dimension[]): readonly SweepPoint[] {
  let points: readonly SweepPoint[] = [{ tree, values: {}, indices: [] }];
  for (const { key, path, values } of dimensions) {
    points = points.flatMap((point) =>
      values.map((value, i) => ({
        // Where the field's place is taken by something else, that is reported as what is wrong.
        tree: expandShorthands(withValueAt(point.tree, path, value)?.tree ?? point.tree),
        values: { ...point.values, [key]: value },
        indices: [...point.indices, i],
      })),
    );
  }
  return points;
}

/** Moves a problem with a swept value to where that value is written. */
export function relocate(found: Problem, dimensions: readonly Dimension[], indices: readonly number[]): Problem {
  for (const [d, { key, path }] of dimensions.entries()) {
    if (!isInside(found.path, path)) continue;
    const inner = found.path.slice(path.length);
    // An option that the model does not have is the fault of the field's name, not of one of its values.
    if (found.at === "key" && inner.length === 0) return { ...found, path: ["sweep", key] };
    return { ...found, path: ["sweep", key, indices[d] ?? 0, ...inner] };
  }
  return found;
}

/** A variant in a few words: `lr 0.1`, `epochs 20, width 8`. Fields of the same last name are written with their whole path. */
export function variantLabel(dimensions: readonly Dimension[], values: Readonly<Record<string, Json>>): string {
  const shortName = ({ path }: Dimension) => String(path.at(-1) === "name" ? path[0] : path.at(-1));
  return dimensions
    .map((dimension) => {
      const name = shortName(dimension);
      const isUnique = dimensions.filter((other) => shortName(other) === name).length === 1;
      return `${isUnique ? name : dimension.key} ${labelValue(values[dimension.key])}`;
    })
    .join(", ");
}

function labelValue(value: unknown): string {
  if (typeof value === "string") return value;
  if (!isMapping(value) || typeof value.name !== "string") return JSON.stringify(value);
  const { name, ...options } = value;
  const described = Object.entries(options).map(([option, of]) => `${option} ${labelValue(of)}`);
  return described.length === 0 ? name : `${name} (${described.join(", ")})`;
}
