import { z } from "zod";
import { InputError } from "../core/errors.ts";
import { countForTarget, targetIssue } from "../masks/counts.ts";
import { defineAllocation } from "./define.ts";

/** The same share of every layer, rounded layer by layer. */
export const uniform = defineAllocation({
  name: "uniform",
  version: 1,
  summary: "the same share of every layer",
  source: "Liu et al., ICML 2021, pruning algorithms",
  options: z.strictObject({}),
  counts: (layers, target) => {
    const issues = layers.flatMap(({ name, size, remaining }) => targetIssue(name, size, remaining, target) ?? []);
    if (issues.length > 0) throw new InputError(issues);
    return layers.map(({ name, size, remaining }) => countForTarget(name, size, remaining, target));
  },
});
