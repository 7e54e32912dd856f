import type { Json } from "../core/canonical-json.ts";
import { InternalError } from "../core/errors.ts";
import { inputsOf } from "../plan/stage-table.ts";
import type { Arm, Comparison, Connection, Plan, Stage } from "../plan/types.ts";
import { stageLabels } from "../run/labels.ts";
import { errorBarrier } from "../stats/connectivity.ts";
import { CorruptObjectError, type Store } from "../store/store.ts";
import type { ObjectRecord } from "../store/types.ts";
import type { EpochMetrics } from "../train/recipe.ts";
import { admmEpoch } from "./admm.ts";
import { pathPoint } from "./connectivity.ts";
import type {
  AdmmResult,
  ArmResult,
  ComparisonResult,
  ConnectionResult,
  CorrelationPoint,
  Outcome,
  Results,
  StageResult,
} from "./types.ts";

/**
 * What the store holds of a plan, also of one that is not finished. Nothing is computed.
 * Damaged objects count as missing, with the store's message as the reason.
 */
export function collect(plan: Plan, store: Store): Results {
  return new Collection(plan, store).results();
}

class Collection {
  readonly #plan: Plan;
  readonly #store: Store;
  readonly #records = new Map<string, ObjectRecord>();
  readonly #stages = new Map<string, StageResult>();

  constructor(plan: Plan, store: Store) {
    this.#plan = plan;
    this.#store = store;
    const labels = stageLabels(plan);
    // Inputs come before what needs them, so their status is known by then.
    for (const stage of plan.stages.values()) {
      const record = store.record(stage.key);
      if (record !== undefined) this.#records.set(stage.key, record);
      this.#stages.set(stage.key, {
        key: stage.key,
        kind: stage.kind,
        label: labels.get(stage.key) ?? stage.kind,
        ...this.#statusOf(stage, record),
        ...(record === undefined ? {} : { provenance: record.provenance }),
      });
    }
  }

  results(): Results {
    const { spec, arms, comparisons, connections, trainings, trainingsUnshared, admmRuns } = this.#plan;
    const read = {
      arms: arms.map((arm) => this.#arm(arm)),
      comparisons: comparisons.map((comparison) => this.#comparison(comparison)),
      admm: this.#admm(),
      connections: connections.map((connection) => this.#connection(connection)),
    };
    return {
      spec,
      ...read,
      // Reading may have found damage.
      stages: [...this.#stages.values()],
      trainings,
      trainingsUnshared,
      admmRuns,
    };
  }

  #statusOf(stage: Stage, record: ObjectRecord | undefined): Outcome {
    if (record?.status === "done") return { status: "done" };
    if (record?.status === "diverged") return { status: "diverged", reason: divergedReason(record.summary) };
    const failure = this.#store.failure(stage.key);
    if (failure !== undefined) return { status: "failed", reason: failure.message };
    for (const { key } of inputsOf(stage)) {
      const input = this.#stages.get(key);
      if (input === undefined || input.status === "done" || input.status === "missing") continue;
      if (input.status !== "skipped")
        return { status: "skipped", reason: `it needs ${input.label}, which ${input.status}`, cause: input.status };
      return outcomeOf(input);
    }
    return { status: "missing", reason: "not run yet" };
  }

  #status(key: string): Outcome {
    return outcomeOf(this.#stages.get(key) ?? { status: "missing" });
  }

  #arm(arm: Arm): ArmResult {
    const mask = arm.cell === undefined ? undefined : this.#records.get(arm.cell.mask.key);
    const achievedSparsity = field(mask?.summary, "sparsity");
    const curve = this.#unlessDamaged(arm.train, ({ files }) =>
      Object.hasOwn(files, "metrics.jsonl")
        ? this.#store.readMetrics(arm.train).map((line) => epochMetrics(line, arm.train))
        : [],
    );
    const record = this.#records.get(arm.train);
    return {
      ...arm,
      ...this.#status(arm.train),
      ...(typeof achievedSparsity === "number" ? { achievedSparsity } : {}),
      ...collapsedLayers(mask?.summary),
      curve: curve ?? [],
      ...(record?.status === "done" ? accuracies(curve ?? []) : {}),
      ...(record === undefined ? {} : { record }),
    };
  }

  #comparison(comparison: Comparison): ComparisonResult {
    const key = comparison.compare;
    const points = this.#unlessDamaged(key, ({ status }) => {
      if (status !== "done") return [];
      const overlaps = this.#store.readJson(key, "overlap.json");
      if (!Array.isArray(overlaps)) throw misshapen(key, "overlap.json that is no list");
      return (overlaps as readonly Json[]).map((at) => correlationPoint(at, key));
    });
    const stage = this.#plan.stages.get(key);
    const asked = stage?.kind === "compare" ? stage.parameters.p : [];
    const leftOut = points === undefined ? [] : asked.filter((p) => !points.some((point) => point.p === p));
    return {
      ...comparison,
      ...this.#status(key),
      points: points ?? [],
      ...(leftOut.length === 0 ? {} : { leftOut }),
    };
  }

  #connection(connection: Connection): ConnectionResult {
    const key = connection.connect;
    const path = this.#unlessDamaged(key, () => {
      const points = this.#store.readJson(key, "path.json");
      const read = Array.isArray(points) ? (points as readonly Json[]).map(pathPoint) : [];
      if (read.length < 2 || read.includes(undefined)) throw misshapen(key, "path.json that is no path");
      return read.filter((point) => point !== undefined);
    });
    const status = this.#status(key);
    if (path === undefined) return { ...connection, ...status, path: [] };
    return { ...connection, ...status, path, barrier: errorBarrier(path.map(({ error }) => error)) };
  }

  #admm(): readonly AdmmResult[] {
    const seen = new Set<string>();
    return this.#plan.arms.flatMap(({ variant, seed, cell }): AdmmResult[] => {
      const key = cell?.mask.key ?? "";
      if (cell === undefined || seen.has(key) || this.#plan.stages.get(key)?.kind !== "admm") return [];
      seen.add(key);
      const epochs = this.#unlessDamaged(key, () =>
        this.#store.readLines(key, "residuals").map((line) => {
          const epoch = admmEpoch(line);
          if (epoch === undefined) throw misshapen(key, "an incomplete line of residuals");
          return epoch;
        }),
      );
      return [{ variant, seed, cell, ...this.#status(key), epochs: epochs ?? [] }];
    });
  }

  /**
   * What `read` finds of a finished stage, undefined when there is none. The store moves a damaged object aside when it is
   * read, so from then on its stage is one that has not been run.
   */
  #unlessDamaged<T>(key: string, read: (record: ObjectRecord) => T): T | undefined {
    const record = this.#records.get(key);
    if (record === undefined) return undefined;
    try {
      return read(record);
    } catch (error) {
      if (!(error instanceof CorruptObjectError)) throw error;
      this.#records.delete(key);
      const stage = this.#stages.get(key);
      if (stage !== undefined) {
        const { kind, label } = stage;
        this.#stages.set(key, { key, kind, label, status: "missing", reason: error.message });
      }
      return undefined;
    }
  }
}

/** Layers of which a mask's summary counts no weight. */
function collapsedLayers(summary: Json | undefined): Pick<ArmResult, "collapsed"> {
  const layers = field(summary, "layers");
  const collapsed = (Array.isArray(layers) ? (layers as readonly Json[]) : []).flatMap((layer) => {
    const name = field(layer, "layer");
    return field(layer, "kept") === 0 && typeof name === "string" ? [name] : [];
  });
  return collapsed.length === 0 ? {} : { collapsed };
}

function outcomeOf({ status, reason, cause }: Outcome): Outcome {
  return { status, ...(reason === undefined ? {} : { reason }), ...(cause === undefined ? {} : { cause }) };
}

function accuracies(
  curve: readonly EpochMetrics[],
): Pick<ArmResult, "finalAccuracy" | "bestAccuracy" | "bestEpoch"> | undefined {
  const last = curve.at(-1);
  if (last === undefined) return undefined;
  // Of equal ones the first.
  const best = curve.reduce((top, epoch) => (epoch.testAccuracy > top.testAccuracy ? epoch : top));
  return {
    finalAccuracy: 100 * last.testAccuracy,
    bestAccuracy: 100 * best.testAccuracy,
    bestEpoch: best.epoch,
  };
}

function divergedReason(summary: Json): string {
  const at = field(summary, "divergedAt");
  const [epoch, step] = [field(at, "epoch"), field(at, "step")];
  if (typeof epoch !== "number" || typeof step !== "number") return "the loss was no longer finite";
  return `the loss was no longer finite in epoch ${epoch}, step ${step}`;
}

function epochMetrics(line: Json, key: string): EpochMetrics {
  for (const name of ["epoch", "lr", "trainLoss", "trainAccuracy", "testLoss", "testAccuracy"])
    if (typeof field(line, name) !== "number") throw misshapen(key, `metrics without the number ${name}`);
  return line as unknown as EpochMetrics;
}

/** The total over the layers of what `correlation()` found at one p. */
function correlationPoint(point: Json, key: string): CorrelationPoint {
  const z = field(point, "z");
  const [p, rp, nullMean, pValue] = ["p", "rp", "nullRp", "pValue"].map((name) => field(point, name));
  if (
    typeof p !== "number" ||
    typeof rp !== "number" ||
    typeof nullMean !== "number" ||
    typeof pValue !== "number" ||
    (typeof z !== "number" && z !== null)
  )
    throw misshapen(key, "overlap.json with an incomplete point");
  return { p, rp, nullMean, z, pValue };
}

function misshapen(key: string, what: string): InternalError {
  return new InternalError(`collect(): object ${key} has ${what}`);
}

function field(value: Json | undefined, name: string): Json | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return (value as { readonly [key: string]: Json })[name];
}
