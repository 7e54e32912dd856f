import { InputError } from "../core/errors.ts";
import { STORE_FORMAT } from "./layout.ts";

/**
 * The refusal of a store whose files another version of sweepstake wrote. Nothing in it is touched.
 * @param found the format that a file states
 * @param file  which file, as a path inside the store
 */
export function otherFormat(root: string, found: string, file: string): InputError {
  return new InputError({
    where: root,
    message: `expected a store of format ${STORE_FORMAT}, got format ${found} (${file})`,
    hint: "it was written by another version of sweepstake: use that version, or choose another folder with --out",
  });
}
