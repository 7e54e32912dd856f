import { basename } from "node:path";
import { InputError } from "../core/errors.ts";
import { describeData } from "../data/check.ts";
import { locateData } from "../data/locate.ts";
import type { Plan } from "../plan/types.ts";
import { describeModelOnce } from "../spec/describe.ts";
import type { Setting } from "../spec/types.ts";
import { checkDevice } from "../tensor/engine.ts";

/** What would end or spoil the trainings of a plan, each once, before anything is computed. */
export function planWarnings(plan: Plan): readonly string[] {
  const { spec } = plan;
  const settings = spec.variants.map(({ setting }) => setting);
  return [
    ...new Set([
      ...problem(() => checkDevice(spec.device)),
      ...settings.flatMap(({ data }) => problem(() => locateData(data))),
      ...settings.flatMap(networkNotes),
    ]),
  ];
}

/**
 * Batches of one image, above all a last one, of which batch norm over vectors makes no statistics: every seed would fail after a whole epoch.
 * @throws InputError that names batch size and subset
 */
export function checkLastBatches({ spec }: Plan): void {
  for (const { setting } of spec.variants) {
    const { data, model, train } = setting;
    const images = describeData(data).train;
    const { batchSize } = train;
    if (batchSize !== 1 && images % batchSize !== 1) continue;
    if (describeModelOnce(model, describeData(data)).needsTwoImages !== true) continue;
    const [what, hint] =
      batchSize === 1
        ? ["batches of more than one image", "take a larger train.batchSize"]
        : ["no last batch of one image", "take another train.batchSize or data.subset"];
    throw new InputError({
      where: "train.batchSize",
      message: `expected ${what}, got ${images} images in batches of ${batchSize}: batch norm has no statistics of one`,
      hint,
    });
  }
}

function networkNotes({ model, data }: Setting): readonly string[] {
  const { torchscript: file } = model;
  if (typeof file !== "string") return [];
  const { notes = [] } = describeModelOnce(model, describeData(data));
  return notes.map((note) => `${basename(file)}: ${note}`);
}

/** What a check says, in one line. */
function problem(check: () => unknown): readonly string[] {
  try {
    check();
    return [];
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return error.issues.map(
      ({ where, message }) => `${where}: ${message.split("\n")[0] ?? ""}${message.includes("\n") ? " …" : ""}`,
    );
  }
}
