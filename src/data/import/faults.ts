import { InputError, type Issue } from "../../core/errors.ts";
import { visible } from "../../core/visible.ts";
import type { SourceFault } from "./source.ts";

/** Names shown of each kind of fault. */
const MOST_NAMES = 50;

/** All faults of a source at once: one issue per kind, with its count and the files. */
export function sourceError(place: string, faults: readonly SourceFault[]): InputError {
  const kinds = group(faults);
  const issues = [...kinds].map(([fault, list]): Issue => {
    const names = list.slice(0, MOST_NAMES).map(({ name, detail }) => {
      return `\n    ${visible(name)}${detail === undefined || detail === "" ? "" : ` (${visible(detail)})`}`;
    });
    const rest = list.length > MOST_NAMES ? `\n    and ${list.length - MOST_NAMES} more` : "";
    return { where: place, message: `${list.length} × ${fault}:${names.join("")}${rest}`, ...hint(fault) };
  });
  return new InputError(issues);
}

function group(faults: readonly SourceFault[]): Map<string, SourceFault[]> {
  const kinds = new Map<string, SourceFault[]>();
  for (const fault of faults) {
    const list = kinds.get(fault.fault);
    if (list === undefined) kinds.set(fault.fault, [fault]);
    else list.push(fault);
  }
  return kinds;
}

const HINTS: readonly (readonly [RegExp, string])[] = [
  [/16 bits/, "8 bits are kept of a sample: convert them on your own terms, for example with `mogrify -depth 8`"],
  [/CMYK/, "there is no one way from CMYK to RGB: convert them, for example with `mogrify -colorspace sRGB`"],
  [/transparent/, "what lies behind is not known: flatten them, for example with `mogrify -background white -flatten`"],
  [/another size/, "let data.side give the side that all images are scaled and cut to"],
  [/^(truncated|damaged|empty file|neither)/, "get the files again, or take them away"],
];

function hint(fault: string): { readonly hint?: string } {
  const found = HINTS.find(([pattern]) => pattern.test(fault))?.[1];
  return found === undefined ? {} : { hint: found };
}
