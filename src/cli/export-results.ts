import { readFileSync } from "node:fs";
import { InputError } from "../core/errors.ts";
import { finishedResults } from "../export/results/finished-results.ts";
import { decodeResults, encodeResults, RESULTS_ENDING } from "../export/results/results-file.ts";
import { checkTarget, writeVerified } from "../export/write-verified.ts";
import { loadSpec } from "../spec/load.ts";
import { Store } from "../store/store.ts";
import { type SpecOptions, storeFolder } from "./options.ts";
import { planFor } from "./plan-for.ts";

export interface ExportedResults {
  readonly written: string;
  /** Stages that are finished, and so are in the file. */
  readonly results: number;
  /** Stages of the spec. */
  readonly stages: number;
}

/**
 * Writes what a store has finished of a spec as one file, without weights, verified.
 * @throws InputError when nothing is finished, for a wrong ending and a file in the way
 * @throws CorruptObjectError when a result is damaged; the next run computes it anew
 */
export async function exportResults(
  spec: string,
  options: SpecOptions & { readonly output: string; readonly epoch?: number; readonly force: boolean },
): Promise<ExportedResults> {
  const { output, epoch, force } = options;
  if (epoch !== undefined)
    throw new InputError({
      where: "--epoch",
      message: "expected no --epoch with --to results, which has no weights",
      hint: "leave it out",
    });
  if (!output.endsWith(RESULTS_ENDING))
    throw new InputError({
      where: output,
      message: `expected a name that ends in ${RESULTS_ENDING}`,
      hint: "--results finds the files of a folder by it",
    });
  checkTarget(output, [".gz"], force);
  const store = Store.open(storeFolder(options));
  const plan = planFor(loadSpec(spec, options.set), store);
  const file = finishedResults(plan, store);
  if (file.results.length === 0)
    throw new InputError({
      where: spec,
      message: "nothing of it is finished in the store",
      hint: "sweepstake status says how far it is; --out says where the store is, --set what was changed",
    });
  const bytes = encodeResults(file);
  await writeVerified(output, bytes, (written) => {
    const { results } = decodeResults(readFileSync(written), written);
    return results.length === file.results.length ? undefined : `${results.length} results were read`;
  });
  return { written: output, results: file.results.length, stages: plan.stages.size };
}
