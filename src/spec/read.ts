import { z } from "zod";
import { suggest } from "../core/nearest.ts";
import { describeValue, type Path, type Problem, problem } from "./problem.ts";
import { isMapping, valueAt } from "./tree.ts";
import { likelyMistake } from "./values.ts";

/** A value as far as it could be read, and what is wrong with it. */
export interface Reading<T> {
  readonly value: T | undefined;
  readonly problems: readonly Problem[];
}

/** The fields that could be read; one that could not is absent, and so is an optional one that was not given. */
export type Fields<S extends z.ZodRawShape> = { readonly [K in keyof S]?: Exclude<z.output<S[K]>, undefined> };

/** Reads `raw`, which stands at `path`, by a schema. */
export function read<S extends z.ZodType>(schema: S, raw: unknown, path: Path): Reading<z.output<S>> {
  const result = schema.safeParse(raw);
  if (result.success) return { value: result.data, problems: [] };
  return { value: undefined, problems: result.error.issues.flatMap((issue) => toProblems(issue, schema, raw, path)) };
}

/** Reads the fields of a mapping one by one, so that a wrong one does not keep the others from being checked. */
export function readFields<S extends z.ZodRawShape>(
  shape: S,
  raw: unknown,
  path: Path,
  what: string,
): { readonly value: Fields<S>; readonly problems: readonly Problem[] } {
  if (!isMapping(raw)) {
    return { value: {}, problems: [problem(path, `expected ${what}, got ${describeValue(raw)}`)] };
  }
  const known = Object.keys(shape);
  const value: Record<string, unknown> = {};
  const problems = Object.keys(raw)
    .filter((key) => !known.includes(key))
    .map((key) => unknownField(path, key, known));
  for (const key of known) {
    const field = read(shape[key] as z.ZodType, Object.hasOwn(raw, key) ? raw[key] : undefined, [...path, key]);
    problems.push(...field.problems);
    if (field.value !== undefined) value[key] = field.value;
  }
  return { value: value as Fields<S>, problems };
}

/** A field that should not be there. */
export function unknownField(path: Path, key: string, known: readonly string[]): Problem {
  return {
    path: [...path, key],
    at: "key",
    message: `unknown field "${key}"`,
    hint: known.length === 0 ? "no option is known here" : suggest(key, known),
  };
}

function toProblems(issue: z.core.$ZodIssue, schema: z.ZodType, raw: unknown, path: Path): Problem[] {
  const inner = issue.path.map((part) => (typeof part === "number" ? part : String(part)));
  const place = [...path, ...inner];
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => unknownField(place, key, fieldsAt(schema, inner)));
  }
  const found = valueAt(raw, inner);
  const expected = issue.message.startsWith("expected ") ? issue.message : expectation(issue);
  return [problem(place, `${expected}, got ${describeValue(found)}`, likelyMistake(place, found))];
}

const typeNames: Readonly<Record<string, string>> = {
  number: "a number",
  int: "a whole number",
  string: "a text",
  boolean: "true or false",
  array: "a list",
  object: "a mapping",
};

/** Our words for zod's own findings: the schemas of models and pruners need not bring messages. */
function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return `expected ${typeNames[issue.expected] ?? issue.expected}`;
    case "invalid_value":
      return `expected ${issue.values.map((value) => JSON.stringify(value)).join(" or ")}`;
    case "too_small":
      return `expected a value ${issue.inclusive === false ? "above" : "of at least"} ${issue.minimum}`;
    case "too_big":
      return `expected a value ${issue.inclusive === false ? "below" : "of at most"} ${issue.maximum}`;
    default:
      return `expected another value (${issue.message})`;
  }
}

/** Names of the fields of the mapping that a schema has at `path`. */
function fieldsAt(schema: z.core.$ZodType, path: Path): string[] {
  let inner = bare(schema);
  for (const part of path) {
    if (inner instanceof z.ZodObject) inner = bare(inner.shape[String(part)]);
    else if (inner instanceof z.ZodArray) inner = bare(inner.element);
  }
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : [];
}

/** A schema without its default, its optionality and the like. */
function bare(schema: unknown): unknown {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional) {
    return bare(schema.unwrap());
  }
  return schema instanceof z.ZodPipe ? bare(schema.out) : schema;
}

/** Every path that a mapping of these fields has inside, e.g. `optimizer.sgd.lr`. */
export function pathsOf(shape: z.ZodRawShape): string[] {
  return Object.entries(shape).flatMap(([key, schema]) => {
    const inner = bare(schema);
    const below = inner instanceof z.ZodObject ? pathsOf(inner.shape) : [];
    return [key, ...below.map((path) => `${key}.${path}`)];
  });
}
