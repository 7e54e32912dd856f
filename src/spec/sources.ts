import { dirname } from "node:path";
import { canonicalJson } from "../core/canonical-json.ts";
import { InputError } from "../core/errors.ts";
import type { SourceSpec } from "../data/import/source.ts";
import { readCases } from "./cases.ts";
import { sourceIn } from "./data-source.ts";
import { readSpecText } from "./load.ts";
import { applyOverrides } from "./overrides.ts";
import { readYaml } from "./positions.ts";
import { readSweep, sweepPoints } from "./sweep.ts";
import { isMapping } from "./tree.ts";

/**
 * Every source of images that a spec's variants name, each once, before the spec can be read as a whole: that needs them imported. What is
 * wrong with the spec is left to `loadSpec`.
 */
export function dataSources(path: string, overrides: readonly string[]): readonly SourceSpec[] {
  let text: string;
  try {
    text = readSpecText(path);
  } catch (error) {
    if (error instanceof InputError) return [];
    throw error;
  }
  const { tree } = applyOverrides(readYaml(text, path).value, overrides);
  if (!isMapping(tree)) return [];
  const { dimensions } = readSweep(tree.sweep);
  const points = sweepPoints(tree, [...readCases(tree.cases, dimensions).dimensions, ...dimensions]);
  const sources = points.flatMap((point) => {
    const source = isMapping(point.tree) ? sourceIn(point.tree.data, dirname(path)) : undefined;
    return source === undefined ? [] : [source];
  });
  return [...new Map(sources.map((source) => [canonicalJson({ ...source }), source])).values()];
}
