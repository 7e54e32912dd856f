import { dirname } from "node:path";
import type { Json } from "../core/canonical-json.ts";
import { InputError, type Issue } from "../core/errors.ts";
import { readCases } from "./cases.ts";
import { readSeeds } from "./entries.ts";
import { applyOverrides, type Override, overrideOf } from "./overrides.ts";
import { type Place, readYaml, type SourceText } from "./positions.ts";
import { describeValue, formatPath, isInside, type Path, type Problem, problem } from "./problem.ts";
import { type Reading, read, unknownField } from "./read.ts";
import { generalFields, topLevelKeys } from "./schema.ts";
import { readSetting } from "./setting.ts";
import { type Dimension, readSweep, relocate, sweepPoints, variantLabel } from "./sweep.ts";
import { isMapping, type Mapping } from "./tree.ts";
import type { Spec, Variant } from "./types.ts";

/**
 * Reads and checks a spec; nothing runs before all of it is right.
 * @param text      YAML 1.2
 * @param fileName  for the messages; paths in the spec start from its folder
 * @param overrides `a.b=c`, written over the spec before it is checked; the values are YAML
 * @param change    rewrites the spec as it was read, before the overrides
 * @throws InputError with all issues at once, in the order of the text
 */
export function parseSpec(
  text: string,
  fileName: string,
  overrides: readonly string[] = [],
  change: (tree: unknown) => unknown = (tree) => tree,
): Spec {
  const source = readYaml(text, fileName);
  const applied = applyOverrides(change(source.value), overrides);
  const { value, problems } = readSpec(applied.tree, applied.overrides, dirname(fileName));
  const issues = [...source.issues, ...placed(problems, source, applied.overrides), ...applied.issues];
  if (issues.length > 0) throw new InputError(issues);
  if (value === undefined) throw new InputError({ where: fileName, message: "expected a spec, got nothing" });
  return value;
}

function readSpec(tree: unknown, overrides: readonly Override[], folder: string): Reading<Spec> {
  if (!isMapping(tree)) {
    const message = `expected a mapping with name, data, model and train, got ${describeValue(tree)}`;
    return { value: undefined, problems: [problem([], message)] };
  }
  const known: readonly string[] = topLevelKeys;
  const unknown = Object.keys(tree)
    .filter((key) => !known.includes(key))
    .map((key) => unknownField([], key, known));
  const name = read(generalFields.name, tree.name, ["name"]);
  const question = read(generalFields.question, tree.question, ["question"]);
  const device = read(generalFields.device, tree.device, ["device"]);
  const verdict = read(generalFields.verdict, tree.verdict, ["verdict"]);
  const seeds = readSeeds(tree.seeds, ["seeds"]);
  const sweep = readSweep(tree.sweep);
  const cases = readCases(tree.cases, sweep.dimensions);
  const dimensions = [...cases.dimensions, ...sweep.dimensions];
  const variants = readVariants(tree, dimensions, name.value ?? "", folder);
  const problems = [
    ...unknown,
    ...[name, question, device, verdict, seeds, sweep, cases, variants].flatMap((part) => part.problems),
    ...overriddenSweeps(overrides, dimensions),
  ];
  if (
    problems.length > 0 ||
    !name.value ||
    question.value === undefined ||
    !device.value ||
    !verdict.value ||
    !seeds.value ||
    !variants.value
  ) {
    return { value: undefined, problems };
  }
  const head = { name: name.value, question: question.value, device: device.value };
  const resolved: Json = {
    ...head,
    ...variants.value.written,
    ...(cases.written.length === 0 ? {} : { cases: cases.written }),
    sweep: Object.fromEntries(sweep.dimensions.map(({ key, values }) => [key, values])),
    seeds: seeds.value,
    verdict: verdict.value,
  };
  return {
    value: { ...head, variants: variants.value.list, seeds: seeds.value, verdict: verdict.value, resolved },
    problems,
  };
}

function readVariants(
  tree: Mapping,
  dimensions: readonly Dimension[],
  name: string,
  folder: string,
): Reading<{ readonly list: readonly Variant[]; readonly written: Readonly<Record<string, Json>> }> {
  const problems: Problem[] = [];
  const list: Variant[] = [];
  let written: Readonly<Record<string, Json>> | undefined;
  for (const [i, point] of sweepPoints(tree, dimensions).entries()) {
    const reading = readSetting(isMapping(point.tree) ? point.tree : {}, folder);
    problems.push(...reading.problems.map((found) => relocate(found, dimensions, point.indices)));
    if (reading.value === undefined) continue;
    const label = dimensions.length === 0 ? name : variantLabel(dimensions, point.values);
    list.push({ id: `v${i}`, label, values: point.values, setting: reading.value.setting });
    written ??= reading.value.written;
  }
  return { value: written && { list, written }, problems };
}

/** A value set by hand for a field that the sweep or the cases set in every variant would be lost without a word. */
function overriddenSweeps(overrides: readonly Override[], dimensions: readonly Dimension[]): readonly Problem[] {
  return overrides.flatMap(({ path }) => {
    const swept = dimensions.find((dimension) => isInside(path, dimension.path));
    if (swept === undefined) return [];
    if (swept.from === "cases") {
      const message = "expected a field that is not swept, got one that cases set in every variant";
      return [problem(path, message, `set the cases instead: --set "cases[0].${swept.key}=…"`)];
    }
    const message = "expected a field that is not swept, got one that sweep sets in every variant";
    return [problem(path, message, `set the sweep instead: --set "sweep.${swept.key}=[…]"`)];
  });
}

/** Problems with their places, in the order of the text (overrides last), each once: variants share most of theirs. */
function placed(problems: readonly Problem[], source: SourceText, overrides: readonly Override[]): Issue[] {
  const found = problems.map(({ path, at, message, hint }) => {
    const override = overrideOf(overrides, path);
    const { where, offset } = override === undefined ? source.locate(path, at) : underOverride(override, path);
    return { offset, issue: hint === undefined ? { where, message } : { where, message, hint } };
  });
  const distinct = new Map(found.map((entry) => [`${entry.issue.where}\n${entry.issue.message}`, entry]));
  return [...distinct.values()].sort((a, b) => a.offset - b.offset).map(({ issue }) => issue);
}

function underOverride(override: Override, path: Path): Place {
  const where = path.length === override.path.length ? override.label : `${override.label}: ${formatPath(path)}`;
  return { where, offset: Number.POSITIVE_INFINITY };
}
