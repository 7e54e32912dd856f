import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { codeOf } from "../core/atomic-write.ts";
import type { Json } from "../core/canonical-json.ts";
import { InputError } from "../core/errors.ts";
import { type FinishedResult, RESULTS_ENDING, type ResultsFile, readResults } from "../export/results/results-file.ts";
import { type TakenIn, takeIn } from "../export/results/take-in.ts";
import { field } from "../export/stored-run.ts";
import type { Plan } from "../plan/types.ts";
import type { Spec } from "../spec/types.ts";
import { STAGE_FILE } from "../store/layout.ts";
import type { Store } from "../store/store.ts";
import { planFor } from "./plan-for.ts";

interface Export extends ResultsFile {
  readonly path: string;
}

/**
 * The plans of specs, after the finished results of exports were taken into the store as far as the plans need them.
 * @param paths files of `export --to results`, or folders of them
 * @throws InputError naming the file when one is refused, or when a path has nothing for these specs
 */
export function plansWithResults(specs: readonly Spec[], store: Store, paths: readonly string[]): readonly Plan[] {
  const given = paths.map((path) => ({ path, exports: exportsAt(path) }));
  const contents = contentsOf(given.flatMap(({ exports }) => exports.flatMap(({ results }) => results)));
  const plans = specs.map((spec) => planFor(spec, store, (set) => [...(contents.get(set) ?? [])]));
  const keys = new Set(plans.flatMap(({ stages }) => [...stages.keys()]));
  const fittingOf = ({ results }: Export) => results.filter(({ record }) => keys.has(record.key));
  // Weights that training begins with depend on hardly anything of a spec, and their records are worth nothing by themselves.
  const fits = (file: Export) => fittingOf(file).some(({ record: { kind } }) => kind !== "init" && kind !== "load");
  const misfit = given.find(({ exports }) => !exports.some(fits));
  if (misfit !== undefined) throw nothingFits(misfit.path, specs);
  for (const file of given.flatMap(({ exports }) => exports)) {
    if (!fits(file)) continue; // of a folder, for another experiment
    const results = fittingOf(file);
    for (const [set, found] of contentsOf(results)) for (const content of found) store.noteContent(set, content);
    say(file, takeIn(results, store));
  }
  return plans;
}

/** The plan of one spec, likewise. */
export function planWithResults(spec: Spec, store: Store, paths: readonly string[]): Plan {
  const [plan] = plansWithResults([spec], store, paths);
  return plan ?? planFor(spec, store);
}

/** Takes everything of exports into the store, whatever experiment it is of. */
export function takeInAll(store: Store, paths: readonly string[]): void {
  for (const file of paths.flatMap(exportsAt)) say(file, takeIn(file.results, store));
}

function exportsAt(path: string): readonly Export[] {
  let isFolder: boolean;
  try {
    isFolder = statSync(path).isDirectory();
  } catch (error) {
    throw new InputError({
      where: path,
      message: `there is no such file or folder (${codeOf(error)})`,
      hint: `--results takes a file of sweepstake export --to results, or a folder of *${RESULTS_ENDING}`,
    });
  }
  if (!isFolder) return [{ ...readResults(path), path }];
  const names = readdirSync(path)
    .filter((name) => name.endsWith(RESULTS_ENDING))
    .sort();
  if (names.length > 0) return names.map((name) => ({ ...readResults(join(path, name)), path: join(path, name) }));
  throw new InputError({
    where: path,
    message: `the folder has no file *${RESULTS_ENDING}`,
    hint: "write one: sweepstake export SPEC --to results -o FILE",
  });
}

/** Contents of data sets, by name, that results were computed from. */
function contentsOf(results: readonly FinishedResult[]): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  for (const { files } of results) {
    const stage = JSON.parse(files.get(STAGE_FILE)?.toString("utf8") ?? "null") as Json;
    const data = field(field(stage, "parameters"), "data");
    const [name, content] = [field(data, "name"), field(data, "content")];
    if (typeof name !== "string" || typeof content !== "string" || !/^[0-9a-f]{64}$/.test(content)) continue;
    found.set(name, new Set([...(found.get(name) ?? []), content]));
  }
  return found;
}

function nothingFits(path: string, specs: readonly Spec[]): InputError {
  const names = specs.map(({ name }) => name).join(", ");
  return new InputError({
    where: path,
    message: `no result of it belongs to ${names}: their keys are those of other stages`,
    hint: "the spec, a --set or the images differ from those that the results were computed with; name the file that fits",
  });
}

function say({ path, results }: Export, { added, known, different, busy }: TakenIn): void {
  const rest = results.length - added - known - different - busy;
  const parts = [
    `${added} added`,
    `${known} here already`,
    ...(rest === 0 ? [] : [`${rest} of other stages left out`]),
    ...(busy === 0 ? [] : [`${busy} being computed now`]),
  ];
  process.stderr.write(`results of ${path}: ${parts.join(", ")}\n`);
  if (different > 0)
    process.stderr.write(
      `note: ${different} results of ${path} differ from those that were computed here, which stay; another processor or libtorch rounds differently\n`,
    );
}
