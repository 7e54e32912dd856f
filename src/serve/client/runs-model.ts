import type { ExperimentView, RunRow } from "../views.ts";

export type Plain = string | number | boolean | null;

/** A run with what its experiment says of it. */
export interface Run extends RunRow {
  readonly experimentName: string;
  readonly variantLabel: string;
  /** Fields of its setting by path. */
  readonly fields: Readonly<Record<string, Plain>>;
}

/** Rows joined with their experiments. */
export function joinRuns(rows: readonly RunRow[], experiments: readonly ExperimentView[]): readonly Run[] {
  const byId = new Map(experiments.map((experiment) => [experiment.id, experiment]));
  const variants = new Map(
    experiments.flatMap(({ id, variants: list }) => list.map((variant) => [`${id} ${variant.id}`, variant] as const)),
  );
  return rows.map((row) => {
    const variant = variants.get(`${row.experiment} ${row.variant}`);
    return {
      ...row,
      experimentName: byId.get(row.experiment)?.name ?? row.experiment,
      variantLabel: variant?.label ?? row.variant,
      fields: variant?.fields ?? {},
    };
  });
}

/** Fields that every run has, with their heads; those of settings come beside them. */
export const ownFields: Readonly<Record<string, string>> = {
  state: "state",
  start: "start",
  pruning: "pruning",
  sparsity: "sparsity",
  seed: "seed",
  experiment: "experiment",
  variant: "variant",
  epoch: "epoch",
  epochs: "epochs",
  accuracy: "test acc. %",
  best: "best acc. %",
  trainLoss: "train loss",
  testLoss: "test loss",
  rate: "images/s",
  left: "time left",
  time: "time",
  host: "host",
  finished: "finished",
  message: "message",
  key: "key",
  label: "label",
};

const own: Readonly<Record<string, (run: Run) => Plain>> = {
  state: (run) => run.state,
  start: (run) => run.start,
  pruning: (run) => run.pruning,
  sparsity: (run) => run.sparsity,
  seed: (run) => run.seed,
  experiment: (run) => run.experimentName,
  variant: (run) => run.variantLabel,
  epoch: (run) => run.epoch,
  epochs: (run) => run.epochs,
  accuracy: (run) => run.accuracy,
  best: (run) => run.bestAccuracy,
  trainLoss: (run) => run.trainLoss,
  testLoss: (run) => run.testLoss,
  rate: (run) => run.imagesPerSecond,
  left: (run) => run.secondsLeft,
  time: (run) => run.seconds,
  host: (run) => run.host,
  finished: (run) => run.finishedAt,
  message: (run) => run.message,
  key: (run) => run.key,
  label: (run) => run.label,
};

export function fieldValue(run: Run, field: string): Plain {
  return own[field]?.(run) ?? run.fields[field] ?? null;
}

/** All fields that these runs have: their own, then those of their settings, sorted. */
export function fieldsOf(runs: readonly Run[]): readonly string[] {
  const settings = new Set(runs.map(({ fields }) => fields));
  const paths = new Set([...settings].flatMap((fields) => Object.keys(fields)));
  return [...Object.keys(ownFields), ...[...paths].sort()];
}

/** Fields of settings in which these runs differ. */
export function differing(runs: readonly Run[]): readonly string[] {
  const settings = [...new Set(runs.map(({ fields }) => fields))];
  const paths = [...new Set(settings.flatMap((fields) => Object.keys(fields)))];
  return paths.filter((path) => new Set(settings.map((fields) => fields[path] ?? null)).size > 1);
}

/** The shortest end of a path that no other one has: `lr` of `train.optimizer.sgd.lr`. */
export function shortName(path: string, paths: readonly string[]): string {
  const parts = path.split(".");
  for (let n = 1; n < parts.length; n++) {
    const end = parts.slice(-n).join(".");
    const isShared = paths.some((other) => other !== path && (other === end || other.endsWith(`.${end}`)));
    if (!isShared) return end;
  }
  return path;
}

/** The field that a user means: its name, or an end of its path that only one has. */
export function fieldNamed(name: string, fields: readonly string[]): string | undefined {
  const exact = fields.find((field) => field.toLowerCase() === name.toLowerCase());
  if (exact !== undefined) return exact;
  const ends = fields.filter((field) => field.toLowerCase().endsWith(`.${name.toLowerCase()}`));
  return ends.length === 1 ? ends[0] : undefined;
}

const states: readonly string[] = ["running", "failed", "diverged", "stopped", "waiting", "skipped", "done"];
const starts: readonly string[] = ["dense", "ticket", "reinit", "scratch-b", "rewind", "lr-rewind", "fine-tune"];

/** Sorted by a field, `-accuracy` from high to low; what has no value comes last either way. Runs that are alike keep their order. */
export function sorted(runs: readonly Run[], sort: string): readonly Run[] {
  if (sort === "") return runs;
  const isDown = sort.startsWith("-");
  const field = isDown ? sort.slice(1) : sort;
  const rank = (run: Run): Plain => {
    const value = field === "run" ? run.start : fieldValue(run, field);
    if (field === "state") return states.indexOf(String(value));
    const place =
      field === "start" || field === "run" ? starts.findIndex((start) => String(value).startsWith(start)) : -1;
    return place === -1 ? value : place;
  };
  return runs
    .map((run) => ({ run, value: rank(run) }))
    .sort((a, b) => {
      if (a.value === null || b.value === null) return Number(a.value === null) - Number(b.value === null);
      const order = compare(a.value, b.value);
      return isDown ? -order : order;
    })
    .map(({ run }) => run);
}

function compare(a: Exclude<Plain, null>, b: Exclude<Plain, null>): number {
  if (typeof a === "string" || typeof b === "string")
    return String(a).localeCompare(String(b), "en", { numeric: true });
  return Number(a) - Number(b);
}

/** Runs that differ in nothing but the seed. */
export const BY_SEED = "seeds";

export interface Group {
  readonly id: string;
  readonly title: string;
  readonly runs: readonly Run[];
  /** Of the runs that are done: what a running one has so far is not what it will have. */
  readonly accuracy: Spread | undefined;
}

export interface Spread {
  readonly n: number;
  readonly mean: number;
  /** Sample standard deviation; undefined for one. */
  readonly sd: number | undefined;
}

/** `84.36 ± 0.25`, with the number of values where it is not `expected`. */
export function spreadText({ n, mean, sd }: Spread, expected: number): string {
  const spread = sd === undefined ? "" : ` ± ${sd.toFixed(2)}`;
  return `${mean.toFixed(2)}${spread}${n === expected ? "" : ` (n ${n})`}`;
}

export function spreadOf(values: readonly number[]): Spread | undefined {
  const n = values.length;
  if (n === 0) return undefined;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const sd = n < 2 ? undefined : Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1));
  return { n, mean, sd };
}

/** Runs by the values of a field, or by everything but the seed, in the order of their first runs. */
export function grouped(runs: readonly Run[], by: string): readonly Group[] {
  const groups = new Map<string, { readonly title: string; readonly runs: Run[] }>();
  for (const run of runs) {
    const title = by === BY_SEED ? runTitle(run) : textOf(fieldValue(run, by));
    const id = by === BY_SEED ? `${run.experiment} ${run.variant} ${title}` : title;
    const group = groups.get(id);
    if (group === undefined) groups.set(id, { title, runs: [run] });
    else group.runs.push(run);
  }
  return [...groups].map(([id, { title, runs: members }]) => ({
    id,
    title,
    runs: members,
    accuracy: spreadOf(members.flatMap(({ state, accuracy }) => (state === "done" ? (accuracy ?? []) : []))),
  }));
}

/** `ticket, iterative 50 %`. */
export function runTitle({ start, pruning, sparsity }: Run): string {
  const mask = pruning === null ? [] : [sparsity === null ? pruning : `${pruning} ${percentText(sparsity)}`];
  return [start, ...mask].join(", ");
}

export function percentText(share: number): string {
  return `${Number((100 * share).toFixed(2))} %`;
}

/** A value for people. */
export function textOf(value: Plain): string {
  if (value === null) return "–";
  return typeof value === "number" ? String(Number(value.toPrecision(6))) : String(value);
}
