import { InputError } from "../core/errors.ts";
import type { ModelInput } from "./types.ts";

/**
 * @param model as messages name it
 * @param least pixels of the shorter side
 * @param note  why, in brackets, and what to do
 * @throws InputError for smaller images
 */
export function checkSmallestSide(
  model: string,
  [, height = 0, width = 0]: ModelInput["shape"],
  least: number,
  { why = "", hint }: { readonly why?: string; readonly hint?: string } = {},
): void {
  if (Math.min(height, width) >= least) return;
  throw new InputError({
    where: "model",
    message: `${model} expects images of at least ${least}×${least} pixels${why === "" ? "" : ` (${why})`}, got ${height}×${width}`,
    ...(hint === undefined ? {} : { hint }),
  });
}
