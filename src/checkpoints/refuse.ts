import { InputError } from "../core/errors.ts";

/** One thing that is wrong with a file: where, what, and what to do about it. */
export function refuse(where: string, message: string, hint: string): InputError {
  return new InputError({ where, message, hint });
}

export const damaged = "the file is damaged or cut off: copy it or save it again";

export const saveWeightsOnly =
  "only weights are read, never code: in Python, load the file that you trust and save its weights alone, " +
  'torch.save(model.state_dict(), "weights.pt"), or without the model\'s code torch.save(torch.load(FILE)[KEY], "weights.pt")';

/** Text of a file in a message: quoted, escaped, cut. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}...` : text);
}

/** So many names stand in a message. */
const SHOWN = 8;

export function listed(names: readonly string[]): string {
  const rest = names.length - SHOWN;
  return rest > 0 ? `${names.slice(0, SHOWN).join(", ")} and ${rest} more` : names.join(", ");
}
