import type { StateDict } from "./array.ts";

const ORDER = "order";

/** Metadata that keeps the order of the names: a safetensors file has its tensors by size and name. */
export function orderMetadata(state: StateDict): Readonly<Record<string, string>> {
  return { [ORDER]: JSON.stringify([...state.keys()]) };
}

/** The tensors in the order that the metadata state, if they state one for exactly these names. */
export function inStatedOrder(
  tensors: StateDict,
  metadata: Readonly<Record<string, string>>,
): { readonly tensors: StateDict; readonly isOrdered: boolean } {
  const names = parsed(metadata[ORDER]);
  const isComplete = new Set(names).size === tensors.size && names.length === tensors.size;
  const ordered = isComplete ? names.flatMap((name) => [...entry(tensors, name)]) : [];
  return ordered.length === tensors.size && isComplete
    ? { tensors: new Map(ordered), isOrdered: true }
    : { tensors, isOrdered: false };
}

function* entry(tensors: StateDict, name: string): Generator<[string, NonNullable<ReturnType<StateDict["get"]>>]> {
  const array = tensors.get(name);
  if (array !== undefined) yield [name, array];
}

function parsed(text: string | undefined): readonly string[] {
  if (text === undefined) return [];
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every((name) => typeof name === "string") ? value : [];
  } catch {
    return [];
  }
}
