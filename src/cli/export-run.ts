import { writeFileAtomic } from "../core/atomic-write.ts";
import type { Shrunk } from "../export/compact/shrink.ts";
import type { SpecOptions } from "./options.ts";
import { storeFolder } from "./options.ts";

/** What `export` writes. */
export const formats = ["safetensors", "torch", "torch-prune", "onnx", "compact"] as const;
type Format = (typeof formats)[number];

export interface ExportOptions extends Pick<SpecOptions, "out"> {
  readonly to: Format;
  readonly output: string;
  readonly epoch?: number;
  readonly force: boolean;
}

export interface ExportResult {
  readonly run: string;
  readonly format: Format;
  readonly epoch: number;
  readonly written: readonly string[];
  /** What the user must know, as sentences. */
  readonly notes: readonly string[];
}

const endings: Readonly<Record<Format, readonly string[]>> = {
  safetensors: [".safetensors"],
  torch: [".pt", ".pth"],
  "torch-prune": [".pt", ".pth"],
  onnx: [".onnx"],
  compact: [".onnx"],
};

/**
 * Writes one network of a store, verified.
 * @throws InputError for a run that is not there or has no such weights, and for a file in the way
 */
export async function exportRun(digits: string, options: ExportOptions): Promise<ExportResult> {
  const { to, output, epoch, force } = options;
  const { checkTarget } = await import("../export/write-verified.ts");
  checkTarget(output, endings[to], force);
  const sidecar = `${output}.json`;
  const hasSidecar = to === "torch" || to === "torch-prune";
  if (hasSidecar) checkTarget(sidecar, [".json"], force);
  const { Store } = await import("../store/store.ts");
  const { findObject } = await import("../export/find-object.ts");
  const { exportedRun } = await import("../export/exported-run.ts");
  const store = Store.open(storeFolder(options));
  const run = exportedRun(store, findObject(store, digits), epoch);
  const notes: string[] = [];
  if (to === "onnx" || to === "compact") {
    const { writeOnnx } = await import("../export/onnx/write-onnx.ts");
    const { inputText, shrunk } = await writeOnnx(run, output, to === "compact");
    notes.push(`its images are ${inputText}`);
    if (shrunk !== undefined) notes.push(...shrunkNotes(shrunk));
    const { precision } = run.stage.parameters.recipe;
    if (precision !== "float32") notes.push(`it was trained in ${precision}; the file computes in float32`);
  } else {
    const { writeSafetensors, writeTorch, writeTorchPrune } = await import("../export/weight-files.ts");
    const write = { safetensors: writeSafetensors, torch: writeTorch, "torch-prune": writeTorchPrune }[to];
    await write(run, output);
  }
  // A state dict has no room for metadata that load_state_dict would not trip over.
  if (hasSidecar) writeFileAtomic(sidecar, `${JSON.stringify(run.metadata, null, 2)}\n`);
  return { run: run.key, format: to, epoch: run.epoch, written: [output, ...(hasSidecar ? [sidecar] : [])], notes };
}

/** How much smaller a network has become, by layer. */
function shrunkNotes({ parameters: { before, after }, layers }: Pick<Shrunk, "parameters" | "layers">): string[] {
  if (before === after)
    return [
      "no channel could be left out: every one has a weight that is read; weights pruned one by one seldom leave any",
    ];
  return [
    `${before} parameters became ${after} (${((100 * after) / before).toFixed(1)} %)`,
    ...layers.map(({ weight, before: was, after: is }) => `  ${weight}: ${was} outputs became ${is}`),
  ];
}
