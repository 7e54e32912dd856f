import { RunError } from "../core/errors.ts";

/** Another process has taken a stage over, because this one had shown no life for too long. Nothing is wrong: its result will do. */
export class LeaseLostError extends RunError {
  constructor(key: string) {
    super(
      `stage ${key}: another process took it over, because this one had shown no life for 30 s`,
      "nothing is lost: the other process goes on from the last checkpoint",
    );
  }
}
