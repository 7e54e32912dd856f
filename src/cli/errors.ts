import { InputError, InternalError, RunError } from "../core/errors.ts";

/** Prints an error for a person (a stack only where it is a bug) and returns the exit code. */
export function reportError(error: unknown, stream: NodeJS.WritableStream): number {
  if (error instanceof InputError || error instanceof RunError) {
    stream.write(`${error.message}\n`);
    return error.exitCode;
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const wrapped = error instanceof InternalError ? stack : `unexpected error (please report it)\n${stack}`;
  stream.write(`${wrapped}\n`);
  return 1;
}
