import { statSync } from "node:fs";
import { InputError } from "../../core/errors.ts";
import type { SourceKind } from "./source.ts";

/** Which kind of source lies at a place given by hand. @throws InputError when it is none */
export function sourceKindOf(place: string): SourceKind {
  if (statSync(place, { throwIfNoEntry: false })?.isDirectory() === true) return "folder";
  throw new InputError({ where: place, message: "expected a folder of images or a spec, got neither" });
}
