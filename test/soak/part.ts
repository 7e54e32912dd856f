import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Finished, Host } from "./commands.ts";
import { contentOf, finishedProblems, writeExperiment } from "./experiment.ts";
import { Control, compileShim } from "./shim.ts";
import type { Tally } from "./tally.ts";

/** A part of the soak: try number `n`, a function of the seed. */
export interface Part {
  readonly name: string;
  readonly attempt: (bench: Bench, seed: number, n: number, tally: Tally) => Promise<void>;
}

/** What all tries need: a finished store that nothing disturbed, the shim, a process that runs commands. */
export class Bench {
  readonly folder: string;
  readonly spec: string;
  readonly control: Control;
  readonly library: string;
  readonly host: Host;
  /** Output folder of the undisturbed run. */
  readonly reference: string;
  content: Readonly<Record<string, string>> = {};
  /** How long the undisturbed run takes in a process of its own. */
  referenceMs = 0;

  constructor(folder: string) {
    this.folder = folder;
    this.spec = writeExperiment(folder);
    this.library = compileShim(folder);
    this.control = new Control(this.library, join(folder, "control"));
    this.host = new Host(folder, this.control.env());
    this.reference = join(folder, "reference");
  }

  async prepare(): Promise<void> {
    const start = performance.now();
    const first = await this.host.run(this.runArgs(this.reference));
    this.referenceMs = performance.now() - start;
    this.content = contentOf(this.reference);
    const problems = finishedProblems(this.reference, first, this.content);
    if (problems.length > 0 || Object.keys(this.content).length === 0)
      throw new Error(`no reference: ${problems.join("\n")}${first.output}`);
  }

  /** The command line that runs the experiment into a folder, in one process. */
  runArgs(out: string, executor: readonly string[] = ["--executor", "inline"]): readonly string[] {
    return ["run", this.spec, "--out", out, ...executor];
  }

  /** A folder for one try; the last one's is gone. */
  fresh(name: string): string {
    const folder = join(this.folder, name);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    return join(folder, "out");
  }

  /** Runs the experiment once more, with nothing in its way, and says what is wrong then. */
  async finish(out: string): Promise<readonly string[]> {
    this.control.clear();
    const last: Finished = await this.host.run(this.runArgs(out));
    return finishedProblems(out, last, this.content);
  }

  close(): Promise<void> {
    return this.host.close();
  }
}
