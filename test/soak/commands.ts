import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import type { HostReply } from "./host.ts";
import { projectFolder } from "./root.ts";

/** A finished command line: exit code, or the signal that ended it, and all it printed. */
export interface Finished {
  readonly code: number | string;
  readonly output: string;
}

/** Longer than any of the soak's runs takes on a busy machine. */
const LIMIT_MS = 120_000;

/** A process, or a whole tree, of the command line that runs. */
export class RunningCommand {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;

  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const bin = join(projectFolder(), "bin/sweepstake.js");
    // A group of its own, so that all of it can be ended.
    this.child = spawn(process.execPath, [bin, ...args], {
      env: { ...process.env, ...env },
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.finished = finish(this.child, () => this.signal("SIGKILL"));
  }

  /** Sends a signal to the process and all its workers. */
  signal(name: NodeJS.Signals): void {
    if (this.child.pid === undefined) return;
    try {
      process.kill(-this.child.pid, name);
    } catch {
      // It has ended.
    }
  }
}

/** The output and the end of a process, which is killed when it takes too long. */
async function finish(child: ChildProcess, kill: () => void): Promise<Finished> {
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (chunk: Buffer) => {
      output += chunk.toString("utf8");
    });
  const late = { is: false };
  const timer = setTimeout(() => {
    late.is = true;
    kill();
  }, LIMIT_MS);
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  clearTimeout(timer);
  return { code: late.is ? `no end within ${LIMIT_MS / 1000} s` : (code ?? signal ?? "?"), output };
}

/** Runs command lines in one process (host.ts), which is started anew after it has died. */
export class Host {
  readonly #script: string;
  readonly #env: Readonly<Record<string, string>>;
  #child: ChildProcess | undefined;
  /** What the process said on its own, which it does when it dies. */
  #last = "";

  /** @param folder where the host's script is put */
  constructor(folder: string, env: Readonly<Record<string, string>>) {
    this.#script = join(folder, "host.mjs");
    this.#env = env;
    const text = readFileSync(join(projectFolder(), "test/soak/host.ts"), "utf8");
    const compilerOptions = { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext };
    writeFileSync(this.#script, ts.transpileModule(text, { compilerOptions }).outputText);
  }

  /** Runs one command line; a death of the process is its end. */
  async run(args: readonly string[]): Promise<Finished> {
    const child = await this.#started();
    child.send({ args });
    const said = new AbortController();
    const options = { signal: said.signal };
    const timer = setTimeout(() => child.kill("SIGKILL"), LIMIT_MS);
    try {
      const [reply] = (await Promise.race([once(child, "message", options), this.#died(child, options)])) as [
        HostReply,
      ];
      return reply.code < 0 ? { code: "the process died", output: reply.output } : reply;
    } finally {
      clearTimeout(timer);
      said.abort();
    }
  }

  async close(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child?.exitCode !== null || !child.connected) return;
    child.kill("SIGKILL");
    await once(child, "close");
  }

  async #started(): Promise<ChildProcess> {
    if (this.#child?.exitCode === null && this.#child.connected) return this.#child;
    const main = join(projectFolder(), "dist/cli/main.js");
    const child = fork(this.#script, [main], {
      env: { ...process.env, ...this.#env },
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    this.#child = child;
    this.#last = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      this.#last += chunk.toString("utf8");
    });
    await once(child, "message");
    return child;
  }

  async #died(child: ChildProcess, options: { readonly signal: AbortSignal }): Promise<[HostReply]> {
    await once(child, "close", options);
    return [{ code: -1, output: this.#last }];
  }
}
