import { fieldNamed, fieldValue, type Plain, type Run, runTitle } from "./runs-model.ts";

/** One condition of a filter: `lr>=0.1`, `state:running`, `-seed=0`, or a word that a run's names have. */
interface Condition {
  readonly field: string | undefined;
  readonly operator: string;
  readonly value: string;
  readonly isNot: boolean;
}

export interface Filter {
  readonly matches: (run: Run) => boolean;
  /** What is wrong with it, for the user. */
  readonly problem: string | undefined;
}

/**
 * Conditions separated by spaces; all of them must hold. `a:b` means that the text of field a contains b, `=` that it is equal, `<`, `<=`, `>`
 * and `>=` compare numbers, commas mean any of several, a leading `-` turns a condition around, quotes keep spaces.
 */
export function parseFilter(text: string, fields: readonly string[]): Filter {
  const parts = text.match(/-?(?:[\w.-]+?(?:<=|>=|[:=<>]))?(?:"[^"]*"|[^\s"]+)|-?"[^"]*"/g) ?? [];
  const conditions: Condition[] = [];
  for (const part of parts) {
    const isNot = part.startsWith("-") && part.length > 1;
    const body = isNot ? part.slice(1) : part;
    const [, name, operator = ":", quoted = ""] = /^([\w.-]+?)(<=|>=|[:=<>])(.*)$/s.exec(body) ?? [];
    if (name === undefined) {
      conditions.push({ field: undefined, operator: ":", value: unquoted(body).toLowerCase(), isNot });
      continue;
    }
    const field = fieldNamed(name, fields);
    if (field === undefined) return { matches: () => true, problem: `there is no field ${name}` };
    const value = unquoted(quoted).toLowerCase();
    if (/[<>]/.test(operator) && Number.isNaN(Number.parseFloat(value)))
      return { matches: () => true, problem: `${name}${operator} needs a number` };
    conditions.push({ field, operator, value, isNot });
  }
  return {
    matches: (run) => conditions.every((condition) => holds(condition, run) !== condition.isNot),
    problem: undefined,
  };
}

function unquoted(text: string): string {
  return text.replace(/^"(.*)"$/s, "$1");
}

function holds({ field, operator, value }: Condition, run: Run): boolean {
  if (field === undefined) {
    const words = [run.label, runTitle(run), run.experimentName, run.variantLabel, run.state, run.key];
    return words.some((word) => word.toLowerCase().includes(value));
  }
  const found = fieldValue(run, field);
  if (operator === ":" || operator === "=") return value.split(",").some((option) => isOne(found, operator, option));
  const number = typeof found === "number" ? found : Number.NaN;
  const limit = Number.parseFloat(value);
  if (operator === "<") return number < limit;
  if (operator === "<=") return number <= limit;
  return operator === ">" ? number > limit : number >= limit;
}

function isOne(found: Plain, operator: string, option: string): boolean {
  const text = found === null ? "" : String(found).toLowerCase();
  // Numbers are meant as numbers: lr:0.1 is not 0.15, and 1e-1 is 0.1.
  if (typeof found === "number" && option !== "" && !Number.isNaN(Number(option))) return found === Number(option);
  return operator === "=" ? text === option : option === "" ? text === "" : text.includes(option);
}
