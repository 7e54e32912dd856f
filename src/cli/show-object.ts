import { stringify } from "yaml";
import { renderTable } from "../analysis/text-table.ts";
import type { Json } from "../core/canonical-json.ts";
import { field, type StoredRun, type StoredStage, storedRun, storedStage } from "../export/stored-run.ts";
import { percent } from "../run/labels.ts";
import type { Store } from "../store/store.ts";
import type { FileEntry, ObjectRecord } from "../store/types.ts";
import { bytes } from "./plan-text.ts";

/** Everything that the store says of one object; weights are not read. */
export interface ShownObject {
  readonly key: string;
  readonly kind: string;
  readonly status: ObjectRecord["status"];
  /** Model, data, recipe, seed: what the key hashes. */
  readonly parameters: StoredStage["parameters"];
  readonly inputs: StoredStage["inputs"];
  readonly summary: Json;
  /** Of a training: its start in words. */
  readonly start?: string;
  /** Of a training: one entry per epoch, losses in nats, accuracies in [0, 1]. */
  readonly curve?: StoredRun["curve"];
  /** Of a training under a mask, and of a mask: weights kept, by layer. */
  readonly mask?: readonly MaskedLayer[];
  readonly provenance: ObjectRecord["provenance"];
  readonly extensions?: ObjectRecord["extensions"];
  readonly files: Readonly<Record<string, FileEntry>>;
}

interface MaskedLayer {
  readonly layer: string;
  readonly kept: number;
  readonly size: number;
}

/** @throws CorruptObjectError when the object's description or metrics are damaged */
export function showObject(store: Store, record: ObjectRecord): ShownObject {
  const { key, kind, status, summary, provenance, extensions, files } = record;
  const stage = storedStage(store, record);
  const run = kind === "train" ? storedRun(store, record) : undefined;
  const maskKey = run?.stage.inputs.mask?.key;
  const mask = maskedLayers(run === undefined ? record : maskKey === undefined ? undefined : store.record(maskKey));
  return {
    ...{ key, kind, status, parameters: stage.parameters, inputs: stage.inputs, summary },
    ...(run === undefined ? {} : { start: run.start, curve: run.curve }),
    ...(mask === undefined ? {} : { mask }),
    provenance,
    ...(extensions === undefined ? {} : { extensions }),
    files,
  };
}

/** The counts that a mask's record has. */
function maskedLayers(record: ObjectRecord | undefined): readonly MaskedLayer[] | undefined {
  const layers = field(record?.summary, "layers");
  if (!Array.isArray(layers)) return undefined;
  const read = (layers as readonly Json[]).map((entry) => {
    const [layer, kept, size] = ["layer", "kept", "size"].map((name) => field(entry, name));
    return typeof layer === "string" && typeof kept === "number" && typeof size === "number"
      ? { layer, kept, size }
      : undefined;
  });
  return read.every((entry) => entry !== undefined) ? read : undefined;
}

export function shownText(shown: ShownObject): string {
  const { key, kind, status, summary, parameters, inputs, start, provenance, extensions = [] } = shown;
  const head = {
    [kind === "train" ? "run" : kind]: key,
    status: status === "diverged" ? `diverged ${JSON.stringify(field(summary, "divergedAt"))}` : status,
    ...(start === undefined ? {} : { start }),
    ...parameters,
    ...(Object.keys(inputs).length === 0 ? {} : { inputs }),
    computed: provenance,
    ...(extensions.length === 0 ? {} : { "files added later": extensions }),
  };
  const parts = [stringify(head, { lineWidth: 0 }), curveText(shown), maskText(shown), filesText(shown)];
  return parts.filter((part) => part !== "").join("\n");
}

/** The last epochs: enough to see whether it had settled. */
const SHOWN_EPOCHS = 3;

function curveText({ curve = [] }: ShownObject): string {
  if (curve.length === 0) return "";
  const withValidation = curve.some(({ validationAccuracy }) => validationAccuracy !== undefined);
  const columns = ["epoch", "lr", "train loss", "train acc. %", "test loss", "test acc. %"];
  const rows = curve
    .slice(-SHOWN_EPOCHS)
    .map(({ epoch, lr, trainLoss, trainAccuracy, testLoss, testAccuracy, validationAccuracy = Number.NaN }) => [
      ...[String(epoch), String(Number(lr.toPrecision(6)))],
      ...[trainLoss.toFixed(4), (100 * trainAccuracy).toFixed(2)],
      ...[testLoss.toFixed(4), (100 * testAccuracy).toFixed(2)],
      ...(withValidation ? [(100 * validationAccuracy).toFixed(2)] : []),
    ]);
  const title = `last of ${curve.length} ${curve.length === 1 ? "epoch" : "epochs"}`;
  const all = [...columns, ...(withValidation ? ["validation acc. %"] : [])];
  return renderTable({ title, columns: all, rows, heads: 1 }, Number.MAX_SAFE_INTEGER);
}

function maskText({ mask }: ShownObject): string {
  if (mask === undefined) return "";
  const row = (layer: string, kept: number, size: number) => [
    ...[layer, String(size), String(kept)],
    percent(size === 0 ? 0 : 1 - kept / size),
  ];
  const sum = (of: (layer: MaskedLayer) => number) => mask.reduce((total, layer) => total + of(layer), 0);
  const rows = [
    ...mask.map(({ layer, kept, size }) => row(layer, kept, size)),
    row(
      "masked layers",
      sum(({ kept }) => kept),
      sum(({ size }) => size),
    ),
  ];
  const columns = ["layer", "weights", "kept", "removed"];
  return renderTable({ title: "mask", columns, rows, heads: 1 }, Number.MAX_SAFE_INTEGER);
}

function filesText({ files }: ShownObject): string {
  const rows = Object.entries(files).map(([name, { sizeBytes, sha256 }]) => [name, bytes(sizeBytes), sha256]);
  return renderTable({ title: "files", columns: ["name", "size", "SHA-256"], rows, heads: 1 }, Number.MAX_SAFE_INTEGER);
}
