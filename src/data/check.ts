import { InputError, type Issue } from "../core/errors.ts";
import { dataSets } from "./catalog.ts";
import { dataSetOf } from "./data-set-of.ts";
import { IMPORTED } from "./import/imported.ts";
import type { DataDescription, DataSetDefinition, DataSpec } from "./types.ts";

/** Everything that is wrong with a data spec, at paths like `data.subset`; reads no file but an import's record. */
export function checkData(spec: DataSpec): Issue[] {
  if (spec.name !== IMPORTED && dataSets.find(spec.name) === undefined) return [dataSets.unknown(spec.name)];
  try {
    return [...checkPath(spec), ...checkCounts(spec, dataSetOf(spec))];
  } catch (error) {
    if (error instanceof InputError) return [...error.issues];
    throw error;
  }
}

/**
 * Classes, shape and numbers of images after subset and split; reads no file.
 * @throws InputError with all issues of `checkData`
 */
export function describeData(spec: DataSpec): DataDescription {
  const issues = checkData(spec);
  if (issues.length > 0) throw new InputError(issues);
  return describeCounts(spec, dataSetOf(spec));
}

/** As `describeData`, for a definition at hand and a spec that has been checked. */
export function describeCounts(spec: DataSpec, set: DataSetDefinition): DataDescription {
  const validation = spec.validation ?? 0;
  return {
    classes: set.classes,
    shape: set.shape,
    train: spec.subset ?? set.train - validation,
    validation,
    test: spec.testSubset ?? set.test,
  };
}

function checkPath(spec: DataSpec): Issue[] {
  if (spec.path !== "") return [];
  return [
    {
      where: "data.path",
      message: "expected a folder, got an empty text",
      hint: "leave it out to search the usual places",
    },
  ];
}

function checkCounts(spec: DataSpec, set: DataSetDefinition): Issue[] {
  const validation = spec.validation ?? 0;
  const validationIssue = outside(validation, 0, set.train - 1);
  if (validationIssue !== undefined) {
    const message = `${validationIssue}: ${set.title} has ${set.train} training images, of which at least one must remain`;
    return [{ where: "data.validation", message }, ...checkTest(spec, set)];
  }
  const subsetIssue = spec.subset === undefined ? undefined : outside(spec.subset, 1, set.train - validation);
  if (subsetIssue === undefined) return checkTest(spec, set);
  const rest = validation === 0 ? "" : `, ${validation} of them split off for validation`;
  const message = `${subsetIssue}: ${set.title} has ${set.train} training images${rest}`;
  return [{ where: "data.subset", message, hint: "leave it out to train on all of them" }, ...checkTest(spec, set)];
}

function checkTest(spec: DataSpec, set: DataSetDefinition): Issue[] {
  const issue = spec.testSubset === undefined ? undefined : outside(spec.testSubset, 1, set.test);
  if (issue === undefined) return [];
  const message = `${issue}: ${set.title} has ${set.test} test images`;
  return [{ where: "data.testSubset", message, hint: "leave it out to test on all of them" }];
}

function outside(value: number, least: number, most: number): string | undefined {
  if (Number.isInteger(value) && value >= least && value <= most) return undefined;
  return `expected a whole number from ${least} to ${most}, got ${value}`;
}
