import type { Json } from "../core/canonical-json.ts";
import { describeValue, isInside, type Problem, problem } from "./problem.ts";
import { type Dimension, fieldProblems, mostVariants } from "./sweep.ts";
import { isMapping, type Mapping } from "./tree.ts";

/** `cases`, read. */
export interface ReadCases {
  /** One for each field that the cases name; all have one value for each case. */
  readonly dimensions: readonly Dimension[];
  /** The cases as given. */
  readonly written: Json[];
  readonly problems: readonly Problem[];
}

const example = "for example [{ model: vgg11, data.name: cifar10 }, { model: resnet20, data.name: cifar100 }]";

/**
 * Reads `cases`: settings of some fields that go together, each combined with every point of the sweep. When something is wrong
 * with them none is used, so that the rest is still checked.
 */
export function readCases(raw: unknown, swept: readonly Dimension[]): ReadCases {
  if (raw === undefined) return { dimensions: [], written: [], problems: [] };
  const problems = casesProblems(raw, swept);
  if (problems.length > 0) return { dimensions: [], written: [], problems };
  const cases = raw as readonly Readonly<Record<string, Json>>[];
  const keys = Object.keys(cases[0] ?? {});
  const dimensions = keys.map((key) => ({
    from: "cases" as const,
    key,
    path: key.split("."),
    values: cases.map((one) => one[key] ?? null),
  }));
  return { dimensions, written: [...cases], problems };
}

function casesProblems(raw: unknown, swept: readonly Dimension[]): readonly Problem[] {
  if (!Array.isArray(raw) || raw.length === 0) {
    return [
      problem(["cases"], `expected a list of mappings from fields to values, got ${describeValue(raw)}`, example),
    ];
  }
  const list = raw as readonly unknown[];
  const notMappings = list.flatMap((entry, i) =>
    isMapping(entry) && Object.keys(entry).length > 0
      ? []
      : [problem(["cases", i], `expected a mapping from fields to values, got ${describeEntry(entry)}`, example)],
  );
  if (notMappings.length > 0) return notMappings;
  const cases = list as readonly Mapping[];
  const first = Object.keys(cases[0] ?? {});
  const inFirst = first.flatMap((key) => {
    const place = ["cases", 0, key];
    const outer = swept.find(({ path }) => isInside(key.split("."), path) || isInside(path, key.split(".")));
    if (outer === undefined) return fieldProblems(key, place, first);
    const message = `expected fields apart from those of sweep, got ${key} beside sweep.${outer.key}`;
    return [{ path: place, at: "key" as const, message }];
  });
  const problems = [...inFirst, ...unlikeFirst(cases, first), ...repeated(cases)];
  const variants = swept.reduce((product, { values }) => product * values.length, cases.length);
  if (problems.length > 0 || variants <= mostVariants) return problems;
  const message = `expected at most ${mostVariants} variants, got ${variants} combinations of cases and swept values`;
  return [problem(["cases"], message)];
}

/** Cases that do not name the fields that the first one names. */
function unlikeFirst(cases: readonly Mapping[], first: readonly string[]): readonly Problem[] {
  return cases.flatMap((one, i) => {
    const missing = first.filter((key) => !Object.hasOwn(one, key));
    const added = Object.keys(one).filter((key) => !first.includes(key));
    const expected = `expected the fields of the first case (${first.join(", ")})`;
    return [
      ...missing.map((key) => problem(["cases", i], `${expected}, got no ${key}`, "all cases name the same fields")),
      ...added.map((key) => ({ path: ["cases", i, key], at: "key" as const, message: `${expected}, got ${key} too` })),
    ];
  });
}

function repeated(cases: readonly Mapping[]): readonly Problem[] {
  const texts = cases.map((one) => JSON.stringify(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1))));
  return texts.flatMap((text, i) =>
    texts.indexOf(text) < i ? [problem(["cases", i], "expected each case once, got the same one again")] : [],
  );
}

function describeEntry(entry: unknown): string {
  return isMapping(entry) ? "an empty one" : describeValue(entry);
}
