import { InputError } from "../core/errors.ts";
import type { Spec } from "../spec/types.ts";

/** @param why as a sentence's beginning @throws InputError for a spec with weights of a file */
export function refuseGivenWeights({ name, variants }: Spec, why: string): void {
  if (variants.every(({ setting }) => setting.weights === undefined)) return;
  throw new InputError({
    where: `${name}: weights`,
    message: `expected a spec without weights of a file: ${why}`,
    hint: "leave weights out, or look at the report",
  });
}
