import { allocations } from "../allocations/index.ts";
import { uniform } from "../allocations/uniform.ts";
import type { Json } from "../core/canonical-json.ts";
import { InputError } from "../core/errors.ts";
import { checkData } from "../data/check.ts";
import { IMPORTED } from "../data/import/imported.ts";
import { importFolder, readRecord } from "../data/import/record.ts";
import type { SourceSpec } from "../data/import/source.ts";
import type { DataSpec } from "../data/types.ts";
import { models } from "../models/index.ts";
import type { ModelSpec } from "../models/types.ts";
import { pruners } from "../pruners/index.ts";
import { checkComparable } from "../pruners/make-mask.ts";
import { sourceOf } from "./data-source.ts";
import { type Path, type Problem, problem } from "./problem.ts";
import { type Reading, read, readFields } from "./read.ts";
import { dataFields, modelSchema } from "./schema.ts";
import { isMapping } from "./tree.ts";
import type { AllocationChoice, PrunerChoice } from "./types.ts";
import { text } from "./values.ts";

/** Reads what is named in the catalogues of data sets, models and pruners, with the options of each. */

/** Data as they are loaded, and as the user would write them with all defaults. */
export interface ReadDataSpec {
  readonly spec: DataSpec;
  readonly written: Readonly<Record<string, Json>>;
}

/**
 * `data`, with the shorthand written out. Reads no file but the record of an import.
 * @param folder that relative paths of sources start from
 */
export function readData(raw: unknown, folder: string): Reading<ReadDataSpec> {
  const { value, problems } = readFields(dataFields, raw, ["data"], "the name of a data set, or a mapping with name");
  const source = sourceOf(value, folder);
  const { name, subset, testSubset, content, validation = 0 } = value;
  if (source.value === undefined && name === undefined) {
    const missing =
      isMapping(raw) && source.problems.length === 0
        ? read(text("the name of a data set"), raw.name, ["data", "name"]).problems
        : [];
    return { value: undefined, problems: [...problems, ...source.problems, ...missing] };
  }
  const place = source.value === undefined ? value.path : importFolder(source.value);
  const counts = Object.fromEntries(
    Object.entries({ subset, testSubset, content }).filter(([, of]) => of !== undefined),
  );
  const spec: DataSpec = {
    ...(source.value === undefined ? { name: name ?? "" } : { name: IMPORTED }),
    ...(place === undefined ? {} : { path: place }),
    ...counts,
    validation,
  };
  const found =
    source.value !== undefined && !isImported(source.value)
      ? [notImported(source.value)]
      : checkData(spec).map((issue) => problem(issue.where.split("."), issue.message, issue.hint));
  const all = [...problems, ...source.problems, ...found];
  const written = source.value === undefined ? { ...spec } : { ...value, validation };
  return {
    value: all.length > 0 ? undefined : { spec, written },
    problems: all,
  };
}

function isImported(source: SourceSpec): boolean {
  return readRecord(importFolder(source)) !== undefined;
}

function notImported({ kind, place }: SourceSpec): Problem {
  const message = `expected images that have been imported, got ${place}, which has not been with these options`;
  return problem(
    ["data", kind],
    message,
    "decode them once: sweepstake data import SPEC (sweepstake run does it by itself)",
  );
}

/** A model as it is built, and as the user would write it with all defaults: with the path of its file as it is written. */
export interface ReadModel {
  readonly spec: ModelSpec;
  readonly written: ModelSpec;
}

/**
 * `model`, with the shorthand written out and the defaults of that model's options. A model that is kept in a file is looked for.
 * @param folder that relative paths start from
 */
export function readModel(raw: unknown, folder: string): Reading<ReadModel> {
  const { value, problems } = read(modelSchema, raw, ["model"]);
  if (value === undefined) return { value, problems };
  const { name, ...options } = value;
  const model = look(() => models.get(name), ["model", "name"]);
  if ("problems" in model) return { value: undefined, problems: model.problems };
  const { found } = model;
  const checked = read(found.options, options, ["model"]);
  if (checked.value === undefined) return { value: undefined, problems: checked.problems };
  const written: ModelSpec = { name, ...checked.value };
  const { value: parsed } = checked;
  const located = look(() => found.locate?.(parsed, folder) ?? parsed, ["model"]);
  if ("problems" in located) return { value: undefined, problems: located.problems };
  const spec: ModelSpec = { name, ...located.found };
  const places = (found.places ?? []).map((option) => [option, written[option] ?? null] as const);
  return { value: { spec, written: { ...spec, ...Object.fromEntries(places) } }, problems: [] };
}

/** A pruner with the defaults of its options. */
export function readPruner(
  choice: { readonly name: string; readonly [option: string]: unknown },
  path: Path,
): Reading<PrunerChoice> {
  const { name, ...options } = choice;
  const pruner = look(() => pruners.get(name), path);
  if ("problems" in pruner) return { value: undefined, problems: pruner.problems };
  const checked = read(pruner.found.options, options, path);
  if (checked.value === undefined) return { value: undefined, problems: checked.problems };
  return { value: { name, options: checked.value as Readonly<Record<string, Json>> }, problems: [] };
}

/** An allocation with the defaults of its options; undefined for the uniform one, which every mask had before there were others. */
export function readAllocation(
  choice: { readonly name: string; readonly [option: string]: unknown },
  pruner: PrunerChoice,
  path: Path,
): { readonly value: AllocationChoice | undefined; readonly problems: readonly Problem[] } {
  const { name, ...options } = choice;
  const allocation = look(() => allocations.get(name), path);
  if ("problems" in allocation) return { value: undefined, problems: allocation.problems };
  const { found } = allocation;
  const checked = read(found.options, options, path);
  if (checked.value === undefined) return { value: undefined, problems: checked.problems };
  const comparable = look(() => checkComparable(pruners.get(pruner.name), found), path);
  if ("problems" in comparable) return { value: undefined, problems: comparable.problems };
  const value = { name, options: checked.value as Readonly<Record<string, Json>> };
  return { value: found === uniform ? undefined : value, problems: [] };
}

/** A look-up that fails with an InputError, as a problem of ours: only its place is not known there. */
export function look<T>(find: () => T, path: Path): { readonly found: T } | { readonly problems: readonly Problem[] } {
  try {
    return { found: find() };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { problems: error.issues.map((issue) => problem(path, issue.message, issue.hint)) };
  }
}
