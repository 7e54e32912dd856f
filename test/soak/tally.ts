/** What came of a part's tries. */
export class Tally {
  readonly part: string;
  readonly #outcomes = new Map<string, number>();
  readonly violations: string[] = [];
  #tries = 0;

  constructor(part: string) {
    this.part = part;
  }

  /** Counts tries by what happened in them. */
  count(outcome: string, tries = 1): void {
    this.#tries += tries;
    this.#outcomes.set(outcome, (this.#outcomes.get(outcome) ?? 0) + tries);
  }

  /** Counts one try, and what must not have happened in it. */
  countTry(outcome: string, name: string, problems: readonly string[]): void {
    this.count(outcome);
    this.violations.push(...problems.map((problem) => `${name}: ${problem}`));
  }

  get tries(): number {
    return this.#tries;
  }

  /** `12 refused, 3 values`. */
  get text(): string {
    return [...this.#outcomes].map(([outcome, count]) => `${count.toLocaleString("en")} ${outcome}`).join(", ");
  }
}

/** The figures of all parts, as a table in Markdown. */
export function table(tallies: readonly Tally[]): string {
  const rows = tallies.map(({ part, tries, text, violations }) => [
    part,
    tries.toLocaleString("en"),
    text,
    String(violations.length),
  ]);
  return [["part", "tries", "what happened", "violations"], ["---", "---:", "---", "---:"], ...rows]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");
}
