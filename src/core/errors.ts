/** One thing that is wrong with the input: where, what was expected and found, and how to mend it. */
export interface Issue {
  /** File and position or field path, e.g. `grid.yaml:7:3: prune[1].one-shot.sparsities[2]`. */
  readonly where: string;
  /** What was expected and what was found, as one sentence without a trailing full stop. */
  readonly message: string;
  /** What to do about it. */
  readonly hint?: string;
}

/** Base of every error this project throws on purpose; `exitCode` is what the command line exits with. */
abstract class SweepstakeError extends Error {
  abstract readonly exitCode: number;
}

/** The user's input (spec, file, argument, data) is wrong. Carries all issues at once. Exit code 2. */
export class InputError extends SweepstakeError {
  override readonly name = "InputError";
  readonly exitCode = 2;
  readonly issues: readonly Issue[];

  constructor(issues: Issue | readonly Issue[]) {
    const list = Array.isArray(issues) ? (issues as readonly Issue[]) : [issues as Issue];
    super(list.map(formatIssue).join("\n"));
    this.issues = list;
  }
}

/** The input was right but a run failed (disk full, worker lost, engine error). Exit code 1. */
export class RunError extends SweepstakeError {
  override readonly name = "RunError";
  readonly exitCode = 1;

  constructor(message: string, hint?: string, options?: ErrorOptions) {
    super(hint === undefined ? message : `${message}\n  hint: ${hint}`, options);
  }
}

/** An invariant of our own is broken: a bug in sweepstake. Exit code 1. */
export class InternalError extends SweepstakeError {
  override readonly name = "InternalError";
  readonly exitCode = 1;

  constructor(message: string, options?: ErrorOptions) {
    super(`internal: ${message} (this is a bug in sweepstake, please report it)`, options);
  }
}

/** `where: message`, then the hint on a line of its own. */
export function formatIssue(issue: Issue): string {
  const head = issue.where === "" ? issue.message : `${issue.where}: ${issue.message}`;
  return issue.hint === undefined ? head : `${head}\n  hint: ${issue.hint}`;
}
