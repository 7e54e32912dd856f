import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Json } from "../../core/canonical-json.ts";
import { InternalError } from "../../core/errors.ts";
import type { Store } from "../../store/store.ts";
import { SHORT_KEY } from "../find-object.ts";
import { field, type StoredRun } from "../stored-run.ts";
import { writeVerified } from "../write-verified.ts";
import { type EventFile, encodeEvents } from "./events.ts";
import { decodeRecords } from "./records.ts";

/** What a run is to a person; it names the run in TensorBoard and is in its settings. */
export interface RunNames {
  /** e.g. `lr 0.1, seed 0, ticket, iterative 50 %` */
  readonly label: string;
  /** Settings of the experiment that the run's own do not show: pruning, start. */
  readonly hparams: Readonly<Record<string, string | number>>;
}

/**
 * Writes a finished training as an event file in a folder of its own, in place of an older one. It is read back: every record whole.
 * @returns the file
 */
export async function writeRunEvents(store: Store, run: StoredRun, names: RunNames, folder: string): Promise<string> {
  const { key } = run.record;
  const content = runEvents(store, run, names);
  // File systems take 255 bytes; the key tells apart what a cut label does not.
  const name = `${names.label.replaceAll(/[^\w.+-]+/g, "_").slice(0, 200)}_${key.slice(0, SHORT_KEY)}`;
  // Readers ask for "tfevents" in the name; the same name each time, so that a run is never there twice.
  const path = join(folder, name, "events.out.tfevents.sweepstake");
  await writeVerified(path, encodeEvents(content), (written) => {
    const records = decodeRecords(readFileSync(written));
    if (typeof records === "string") return records;
    // Version, start, end, and one for each epoch.
    return records.length === content.events.length + 3 ? undefined : `${records.length} records`;
  });
  return path;
}

/** The scalars of every epoch, at the end of that epoch; accuracies in percent, losses in nats. */
export function runEvents(store: Store, run: StoredRun, { label, hparams }: RunNames): EventFile {
  const { record, stage, curve, sparsity } = run;
  const { model, data, recipe, seed } = stage.parameters;
  const ends = epochEnds(store, run);
  return {
    hparams: {
      ...leaves({ model, data: withoutContent(data), train: recipe } as unknown as Json, ""),
      seed,
      ...(sparsity === undefined ? {} : { sparsity }),
      ...hparams,
      label,
      key: record.key,
    },
    startedAt: seconds(record.provenance.startedAt),
    finishedAt: seconds(record.provenance.finishedAt),
    status: record.status === "done" ? "success" : "failure",
    events: curve.map((at, i) => ({
      wallTime: ends[i] ?? seconds(record.provenance.finishedAt),
      step: at.epoch,
      scalars: {
        "loss/train": at.trainLoss,
        "loss/test": at.testLoss,
        "accuracy/train": 100 * at.trainAccuracy,
        "accuracy/test": 100 * at.testAccuracy,
        ...(at.validationLoss === undefined ? {} : { "loss/validation": at.validationLoss }),
        ...(at.validationAccuracy === undefined ? {} : { "accuracy/validation": 100 * at.validationAccuracy }),
        lr: at.lr,
      },
    })),
  };
}

/** When each epoch ended, reckoned back from the end by the times that it took. Pauses between attempts are not known. */
function epochEnds(store: Store, { record }: StoredRun): readonly number[] {
  if (!Object.hasOwn(record.files, "timing.jsonl")) return [];
  const spent = store.readLines(record.key, "timing").map((line) => {
    const [train, evaluation] = [field(line, "trainSeconds"), field(line, "evaluationSeconds")];
    if (typeof train !== "number" || typeof evaluation !== "number")
      throw new InternalError(`object ${record.key} has a timing without seconds`);
    return train + evaluation;
  });
  const end = seconds(record.provenance.finishedAt);
  return spent.map((_, i) => end - spent.slice(i + 1).reduce((sum, value) => sum + value, 0));
}

/** The hash of the data would be the longest column, and is the same in all runs of a set. */
function withoutContent({ content: _, ...data }: StoredRun["stage"]["parameters"]["data"]) {
  return data;
}

/** `{ a: { b: 1 } }` as `{ "a.b": 1 }`; lists as their text. */
function leaves(value: Json, path: string): Record<string, string | number | boolean> {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return { [path]: value };
  if (value === null || Array.isArray(value)) return { [path]: JSON.stringify(value) };
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, inner]) =>
      Object.entries(leaves(inner, path === "" ? name : `${path}.${name}`)),
    ),
  );
}

function seconds(time: string): number {
  return Date.parse(time) / 1000;
}
