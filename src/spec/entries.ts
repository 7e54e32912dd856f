import { suggest } from "../core/nearest.ts";
import { describeValue, type Path, type Problem, problem } from "./problem.ts";
import { type Reading, read } from "./read.ts";
import {
  lrRewindEntry,
  type PruneEntry,
  plainStarts,
  pruneEntry,
  type RetrainEntry,
  rewindEntry,
  seedCount,
  seedList,
} from "./schema.ts";
import { isMapping } from "./tree.ts";
import { likelyMistake } from "./values.ts";

/** Reads the list entries that can be written in more than one way: `prune`, `retrain` and `seeds`. */

/** One entry of `prune`; a wrong one does not keep the others from being checked. */
export function readPruneEntry(raw: unknown, path: Path): Reading<PruneEntry> {
  if (typeof raw === "string") {
    const hint =
      raw === "one-shot" || raw === "admm"
        ? `for example { ${raw}: { sparsities: [0.5, 0.8] } }`
        : "for example { iterative: { rate: 0.2, rounds: 5 } }";
    return {
      value: undefined,
      problems: [problem(path, `expected a mapping with iterative, one-shot or admm, got "${raw}"`, hint)],
    };
  }
  const { value, problems } = read(pruneEntry, raw, path);
  if (problems.length > 0 || value === undefined) return { value: undefined, problems };
  const found = entryProblems(value, path);
  return { value: found.length > 0 ? undefined : value, problems: found };
}

function entryProblems(entry: PruneEntry, path: Path): Problem[] {
  const { iterative } = entry;
  const given = Object.keys(entry);
  if (given.length !== 1) {
    const got = given.length === 0 ? "none" : given.join(" and ");
    const message = `expected exactly one of iterative, one-shot and admm, got ${got}`;
    return [problem(path, message, "write one entry for each")];
  }
  if (iterative === undefined) return [];
  const place = [...path, "iterative"];
  const hint = "for example { rate: 0.2, rounds: 5 } or { sparsities: [0.3, 0.5, 0.7] }";
  const { rate, rounds, sparsities } = iterative;
  if (sparsities !== undefined) {
    if (rate === undefined && rounds === undefined) return [];
    return [problem(place, "expected either sparsities or rate and rounds, got both", hint)];
  }
  if (rate !== undefined && rounds !== undefined) return [];
  const missing =
    rate === undefined && rounds === undefined ? "neither" : `no ${rate === undefined ? "rate" : "rounds"}`;
  return [problem(place, `expected rate and rounds, or sparsities, got ${missing}`, hint)];
}

/** One entry of `retrain`. */
export function readRetrainEntry(raw: unknown, path: Path): Reading<RetrainEntry> {
  const plain = plainStarts.find((start) => start === raw);
  if (plain !== undefined) return { value: plain, problems: [] };
  if (isMapping(raw)) return read(Object.hasOwn(raw, "lr-rewind") ? lrRewindEntry : rewindEntry, raw, path);
  const message = `expected ${starts}, got ${describeValue(raw)}`;
  return { value: undefined, problems: [problem(path, message, startHint(raw))] };
}

const starts = "ticket, reinit, scratch-b, fine-tune, { rewind: { epoch: … } } or { lr-rewind: { epochs: … } }";

function startHint(raw: unknown): string | undefined {
  if (raw === "rewind") return "write { rewind: { epoch: 10 } }";
  if (raw === "lr-rewind") return "write { lr-rewind: { epochs: 30 } }";
  if (raw === "scratch-e") return "scratch-E is reinit: a random initialisation trained for as many epochs";
  return typeof raw === "string" ? suggest(raw, [...plainStarts, "rewind", "lr-rewind"]) : undefined;
}

/** `seeds`: a count n, which stands for 0 … n-1, or a list of distinct seeds. */
export function readSeeds(raw: unknown, path: Path): Reading<readonly number[]> {
  if (raw === undefined) return { value: [0], problems: [] };
  if (typeof raw === "number") {
    const { value, problems } = read(seedCount, raw, path);
    return { value: value === undefined ? undefined : Array.from({ length: value }, (_, seed) => seed), problems };
  }
  if (!Array.isArray(raw)) {
    const message = `expected a number of seeds or a list of seeds, got ${describeValue(raw)}`;
    return { value: undefined, problems: [problem(path, message, likelyMistake(path, raw))] };
  }
  if (raw.length === 0)
    return { value: undefined, problems: [problem(path, "expected at least one seed, got an empty list")] };
  const { value, problems } = read(seedList, raw, path);
  if (value === undefined) return { value, problems };
  const repeated = value.flatMap((seed, i) =>
    value.indexOf(seed) < i ? [problem([...path, i], `expected each seed once, got ${seed} again`)] : [],
  );
  return { value: repeated.length > 0 ? undefined : value, problems: repeated };
}
