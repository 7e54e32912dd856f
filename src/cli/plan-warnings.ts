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
 * A last batch of one image, of which batch norm over vectors makes no statistics: every seed would fail after a whole epoch.
 * @throws InputError that names batch size and subset
 */
export function checkLastBatches({ spec }: Plan): void {
  for (const { setting } of spec.variants) {
    const { data, model, train } = setting;
    const images = describeData(data).train;
    if (train.batchSize === 1 || images % train.batchSize !== 1) continue;
    if (describeModelOnce(model, describeData(data)).needsTwoImages !== true) continue;
    throw new InputError({
      where: "train.batchSize",
      message: `expected no last batch of one image, got ${images} images in batches of ${train.batchSize}: batch norm has no statistics of one`,
      hint: "take another train.batchSize or data.subset",
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
