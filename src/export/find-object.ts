import { InputError } from "../core/errors.ts";
import type { Store } from "../store/store.ts";
import type { ObjectRecord } from "../store/types.ts";

/** Digits of a key that lists show; enough to tell the objects of any real store apart. */
export const SHORT_KEY = 10;
/** Fewer digits would name another object as soon as the store grows. */
const LEAST_DIGITS = 4;

/**
 * The finished object whose key begins with these digits.
 * @param digits of the key, hexadecimal, at least 4
 * @throws InputError when they are no key, or when none or several objects begin so
 */
export function findObject(store: Store, digits: string): ObjectRecord {
  const prefix = digits.toLowerCase();
  const where = `run "${digits}"`;
  if (!/^[0-9a-f]+$/.test(prefix) || prefix.length < LEAST_DIGITS || prefix.length > 64)
    throw new InputError({
      where,
      message: `expected ${LEAST_DIGITS} to 64 hexadecimal digits, the beginning of a run's key`,
      hint: "sweepstake list shows the keys",
    });
  const found = [...store.list()].filter(({ key }) => key.startsWith(prefix));
  const [only, ...others] = found;
  if (only === undefined)
    throw new InputError({
      where,
      message: "no finished object in the store begins with these digits",
      hint: "sweepstake list shows the keys; --out says where the store is",
    });
  if (others.length > 0)
    throw new InputError({
      where,
      message: `${found.length} objects begin with these digits: ${found.map(({ key, kind }) => `${kind} ${key}`).join(", ")}`,
      hint: "write more digits",
    });
  return only;
}
