import { resolve } from "node:path";
import { expandHome } from "../core/expand-home.ts";
import { type SourceKind, type SourceSpec, sourceFields, sourceKinds } from "../data/import/source.ts";
import { type Problem, problem } from "./problem.ts";
import { type Fields, type Reading, readFields } from "./read.ts";
import { dataFields } from "./schema.ts";
import { isMapping } from "./tree.ts";

type DataFields = Fields<typeof dataFields>;

/** The images that `data` names as a source, as it is written; undefined for the name of a set. @param folder of the spec */
export function sourceOf(value: DataFields, folder: string): Reading<SourceSpec> {
  const kinds = sourceKinds.filter((kind) => value[kind] !== undefined);
  const [kind, other] = kinds;
  const options = Object.keys(sourceFields).filter((field) => value[field as keyof DataFields] !== undefined);
  if (kind === undefined) {
    const problems = options.map((field) =>
      problem(["data", field], `expected ${field} beside the place of images (${sourceKinds.join(", ")})`),
    );
    return { value: undefined, problems };
  }
  const rivals = [...(value.name === undefined ? [] : ["name"]), ...(value.path === undefined ? [] : ["path"])];
  if (other !== undefined || rivals.length > 0)
    return refused(
      `expected one of ${["name", ...sourceKinds].join(", ")}, got ${[kind, other ?? rivals[0]].join(" and ")}`,
    );
  if (value.seed !== undefined && typeof value.test !== "number")
    return refused("expected data.seed beside a share to test on in data.test");
  if ((value.image !== undefined || value.label !== undefined) && kind !== "parquet")
    return refused("expected data.image and data.label, which are columns, beside data.parquet");
  const { side, channels, test, seed, image, label } = value;
  const given = Object.entries({ side, channels, test, seed, image, label }).filter(
    ([, option]) => option !== undefined,
  );
  return {
    value: { kind, place: resolve(folder, expandHome(value[kind] ?? "")), ...Object.fromEntries(given) },
    problems: [],
  };
}

/** All sources of a spec's `data` as it was read; what is wrong with it is said when the whole spec is read. */
export function sourceIn(data: unknown, folder: string): SourceSpec | undefined {
  if (!isMapping(data)) return undefined;
  return sourceOf(readFields(dataFields, data, ["data"], "a mapping").value, folder).value;
}

/** A source at a place given by hand. */
export function sourceAt(kind: SourceKind, place: string, options: Omit<SourceSpec, "kind" | "place">): SourceSpec {
  return { kind, place: resolve(place), ...options };
}

function refused(message: string): { readonly value: undefined; readonly problems: readonly Problem[] } {
  return { value: undefined, problems: [problem(["data"], message)] };
}
