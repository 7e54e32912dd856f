import { InternalError } from "../core/errors.ts";
import { native } from "./load.ts";

/** What a scope frees: tensors. */
interface Disposable {
  dispose(): void;
}

interface Scope {
  readonly outer: Scope | undefined;
  readonly members: Set<Disposable>;
}

let innermost: Scope | undefined;

/**
 * Runs `fn` and frees every tensor created inside, also when it throws, except those that it returns (a tensor, or arrays, maps and
 * plain objects of tensors, nested as you like) and those given to `keep()`. Returned tensors then belong to the enclosing scope,
 * if there is one. Scopes nest.
 * @throws InternalError when `fn` is asynchronous: other code would run inside the scope while it waits
 */
export function scope<T>(fn: () => T): T {
  const here: Scope = { outer: innermost, members: new Set() };
  innermost = here;
  try {
    const result = fn();
    if (result instanceof Promise) {
      result.catch(() => undefined); // it fails on freed tensors; the error below is the one to see
      throw new InternalError(
        "scope() was given an asynchronous function; make the scope inside of it, between awaits",
      );
    }
    release(result, here);
    return result;
  } finally {
    innermost = here.outer;
    for (const member of here.members) member.dispose();
  }
}

/** Moves every member of `from` that `value` contains to the enclosing scope. */
function release(value: unknown, from: Scope): void {
  if (typeof value !== "object" || value === null) return;
  if (from.members.delete(value as Disposable)) {
    from.outer?.members.add(value as Disposable);
  } else if (Array.isArray(value)) {
    for (const item of value) release(item, from);
  } else if (value instanceof Map) {
    for (const item of value.values()) release(item, from);
  } else if (Object.getPrototypeOf(value) === Object.prototype) {
    for (const item of Object.values(value)) release(item, from);
  }
}

/** Takes a tensor out of all scopes: it lives until its `dispose()`. Returns it. */
export function keep<T extends Disposable>(tensor: T): T {
  untrack(tensor);
  return tensor;
}

/** Runs `fn` without recording for `backward()`. */
export function noGrad<T>(fn: () => T): T {
  const before = native().setGradEnabled(false);
  try {
    return fn();
  } finally {
    native().setGradEnabled(before);
  }
}

/** Makes a new tensor a member of the innermost scope. For tensor.ts. */
export function track(tensor: Disposable): void {
  innermost?.members.add(tensor);
}

/** Takes a tensor out of whichever scope holds it. For tensor.ts. */
export function untrack(tensor: Disposable): void {
  for (let s = innermost; s !== undefined; s = s.outer) if (s.members.delete(tensor)) return;
}
