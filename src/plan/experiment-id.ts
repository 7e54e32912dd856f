import { canonicalJson, sha256 } from "../core/canonical-json.ts";
import type { Plan } from "./types.ts";

/**
 * What an experiment is called in a store: SHA-256 of its name, its stages and how they are judged, as 64 hexadecimal digits. The same for the
 * same spec with the same data, wherever it is read.
 */
export function experimentId({ spec, stages, arms, comparisons, connections }: Plan): string {
  return sha256(
    canonicalJson({
      name: spec.name,
      stages: [...stages.keys()].sort(),
      variants: spec.variants.map(({ id, label }) => ({ id, label })),
      seeds: spec.seeds,
      verdict: { ...spec.verdict },
      uses: [arms.length, comparisons.length, connections.length],
    }),
  );
}
