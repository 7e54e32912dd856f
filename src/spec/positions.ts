import { type Document, isAlias, isMap, isNode, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import { InputError, type Issue } from "../core/errors.ts";
import { formatPath, type Path } from "./problem.ts";

/** A place in the text. */
export interface Place {
  /** For people, e.g. `grid.yaml:7:3: prune[1]`. */
  readonly where: string;
  readonly offset: number;
}

/** A spec's text as plain values, with the way back from a path to a line and a column. */
export interface SourceText {
  readonly value: unknown;
  /** The place of the value (or its key) at a path, or of the nearest outer value where nothing is there. */
  readonly locate: (path: Path, at: "value" | "key") => Place;
  /** Duplicate keys and unknown tags: the text can be read all the same, so they are reported with the rest. */
  readonly issues: readonly Issue[];
}

/**
 * Reads YAML 1.2 (so `1e-3` is a number and `yes` a text).
 * @throws InputError when the text is no YAML at all
 */
export function readYaml(text: string, fileName: string): SourceText {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, version: "1.2", prettyErrors: false, logLevel: "error" });
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${fileName}:${line}:${col}`;
  };
  const readable = document.errors.every((error) => error.code === "DUPLICATE_KEY");
  const issues = [...document.errors, ...document.warnings].map((error) => ({
    where: place(error.pos[0]),
    ...explain(error.code, error.message),
  }));
  if (!readable) throw new InputError(issues);
  return {
    value: toPlain(document, fileName),
    issues,
    locate: (path, at) => {
      const offset = offsetOf(document, path, at);
      return { offset, where: path.length === 0 ? place(offset) : `${place(offset)}: ${formatPath(path)}` };
    },
  };
}

/** Our wording for what users meet most; the parser's own sentence for the rest. */
function explain(code: string, message: string): { readonly message: string; readonly hint?: string } {
  if (code === "DUPLICATE_KEY") return { message: "expected each key once, got this key again" };
  if (code === "MULTIPLE_DOCS") return { message: "expected one YAML document, got several" };
  if (code === "TAB_AS_INDENT") {
    return { message: "expected spaces, got a tab", hint: "YAML allows only spaces for indentation" };
  }
  return { message: `not valid YAML: ${message.replace(/\.?\s*$/, "")}` };
}

function toPlain(document: Document, fileName: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new InputError({ where: fileName, message: `not valid YAML: ${reason}` });
  }
}

function offsetOf(document: Document, path: Path, at: "value" | "key"): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  let keyOffset = offset;
  for (const [depth, part] of path.entries()) {
    const parent = isAlias(node) ? node.resolve(document) : node;
    if (isSeq(parent)) {
      node = parent.items[Number(part)];
      offset = startOf(node) ?? offset;
      keyOffset = offset;
    } else if (isMap(parent)) {
      const pair = parent.items.find(({ key }) => (isScalar(key) ? String(key.value) : String(key)) === String(part));
      if (pair === undefined) return keyOffset; // a missing field: the key of the mapping that should have it
      node = pair.value;
      keyOffset = startOf(pair.key) ?? keyOffset;
      // An empty value (`train:` and nothing behind it) has no place of its own that a reader would look at.
      const isEmpty = !isNode(node) || (isScalar(node) && node.value === null && node.source === "");
      const wantsKey = at === "key" && depth === path.length - 1;
      offset = wantsKey || isEmpty ? keyOffset : (startOf(node) ?? keyOffset);
    } else return offset;
  }
  return offset;
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? (node as Node).range?.[0] : undefined;
}
