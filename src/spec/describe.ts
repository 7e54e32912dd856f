import { canonicalJson } from "../core/canonical-json.ts";
import { describeModel } from "../models/index.ts";
import type { ModelDescription, ModelInput, ModelSpec } from "../models/types.ts";

/** Descriptions made so far; a process sees few different models. */
const described = new Map<string, ModelDescription>();

/**
 * As describeModel, which lays out a whole network; a plan asks for the same few models thousands of times.
 * @throws InputError as describeModel does
 */
export function describeModelOnce(model: ModelSpec, { classes, shape }: ModelInput): ModelDescription {
  const key = canonicalJson({ ...model, "": [classes, ...shape] });
  const known = described.get(key);
  if (known !== undefined) return known;
  const description = describeModel(model, { classes, shape });
  described.set(key, description);
  return description;
}
