import { describe, expect, it } from "vitest";
import { formatIssue, InputError, InternalError, RunError } from "./errors.ts";

const issue = {
  where: "grid.yaml: prune.sparsities[2]",
  message: "expected a fraction in [0, 1), got 85",
  hint: "sparsity is the share removed; for 85 % write 0.85",
};
const text =
  "grid.yaml: prune.sparsities[2]: expected a fraction in [0, 1), got 85\n" +
  "  hint: sparsity is the share removed; for 85 % write 0.85";

describe("errors", () => {
  it("InputError says where, what and what to do, and exits with 2", () => {
    const error = new InputError(issue);
    expect(error.message).toBe(text);
    expect([error.name, error.exitCode, error.issues]).toEqual(["InputError", 2, [issue]]);
    expect(error).toBeInstanceOf(Error);
  });

  it("InputError carries all issues at once, in order", () => {
    const error = new InputError([issue, { where: "", message: "seeds: expected at least 1" }]);
    expect(error.message).toBe(`${text}\nseeds: expected at least 1`);
    expect(error.issues).toHaveLength(2);
  });

  it("RunError has an optional hint and keeps its cause, and exits with 1", () => {
    const cause = new Error("no space");
    const error = new RunError("cannot write x", "free some space", { cause });
    expect(error.message).toBe("cannot write x\n  hint: free some space");
    expect(new RunError("cannot write x").message).toBe("cannot write x");
    expect([error.name, error.exitCode, error.cause]).toEqual(["RunError", 1, cause]);
  });

  it("InternalError asks for a report, and exits with 1", () => {
    const error = new InternalError("7 is not 8");
    expect(error.message).toBe("internal: 7 is not 8 (this is a bug in sweepstake, please report it)");
    expect([error.name, error.exitCode]).toEqual(["InternalError", 1]);
  });

  it("formatIssue leaves out what is not there", () => {
    expect(formatIssue({ where: "a.yaml", message: "is empty" })).toBe("a.yaml: is empty");
    expect(formatIssue({ where: "", message: "is empty", hint: "fill it" })).toBe("is empty\n  hint: fill it");
  });
});
