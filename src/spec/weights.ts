import { resolve } from "node:path";
import { splitKey } from "../checkpoints/file-key.ts";
import { expandHome } from "../core/expand-home.ts";
import { describeData } from "../data/check.ts";
import type { DataSpec } from "../data/types.ts";
import { givenContent } from "../models/given-weights.ts";
import type { ModelSpec } from "../models/types.ts";
import { type Problem, problem } from "./problem.ts";
import { type Reading, readFields } from "./read.ts";
import { look } from "./registries.ts";
import { weightsFields } from "./schema.ts";
import type { GivenWeightsSpec, WeightsSpec } from "./types.ts";

/** Weights as they are used, and as the user would write them. */
export interface ReadWeights {
  readonly spec: WeightsSpec;
  readonly written: Readonly<Record<string, string>>;
}

/**
 * `weights`: files of θ0 and θT. They are read and held against the model here, so that what does not fit is said before anything runs.
 * @param folder that relative paths start from
 */
export function readWeights(
  raw: unknown,
  folder: string,
  data: DataSpec | undefined,
  model: ModelSpec | undefined,
): Reading<ReadWeights | undefined> {
  if (raw === undefined) return { value: undefined, problems: [] };
  const { value, problems } = readFields(weightsFields, raw, ["weights"], "a mapping with initial, trained or both");
  const given = (["initial", "trained"] as const).flatMap((field) => {
    const text = value[field];
    return text === undefined ? [] : [{ field, text }];
  });
  if (given.length === 0)
    return {
      value: undefined,
      problems:
        problems.length > 0 ? problems : [problem(["weights"], "expected initial, trained or both, got neither")],
    };
  // What is wrong with data and model is said elsewhere; without them nothing can be held against them.
  if (data === undefined || model === undefined) return { value: undefined, problems };
  const found = given.map(({ field, text }) => readFile(field, text, folder, data, model));
  const all = [...problems, ...found.flatMap((file) => file.problems)];
  if (all.length > 0) return { value: undefined, problems: all };
  return {
    value: {
      spec: Object.fromEntries(found.flatMap(({ field, value: file }) => (file === undefined ? [] : [[field, file]]))),
      written: Object.fromEntries(given.map(({ field, text }) => [field, text])),
    },
    problems: [],
  };
}

function readFile(
  field: "initial" | "trained",
  text: string,
  folder: string,
  data: DataSpec,
  model: ModelSpec,
): Reading<GivenWeightsSpec> & { readonly field: "initial" | "trained" } {
  const { file, key } = splitKey(resolve(folder, expandHome(text)));
  const place = { path: file, ...(key === undefined ? {} : { key }) };
  const path = ["weights", field];
  const described = look(() => describeData(data), path);
  // Said where the data are read.
  if ("problems" in described) return { field, value: undefined, problems: [] };
  const content = look(() => givenContent(place, model, described.found), path);
  if ("problems" in content) return { field, value: undefined, problems: content.problems.map(named(file)) };
  return { field, value: { ...place, content: content.found }, problems: [] };
}

/** With the file: the problem stands at the field that names it. */
function named(file: string): (found: Problem) => Problem {
  return (found) => ({ ...found, message: `${file}: ${found.message}` });
}
