import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";

/** Options of every command that reads a spec. */
export interface SpecOptions {
  readonly set: readonly string[];
  readonly out: string;
}

/** Adds `--set` and `--out`. */
export function withSpecOptions(command: Command): Command {
  return command
    .option("--set <path=value>", "change a field of the spec, e.g. train.epochs=20 (repeatable)", collect, [])
    .option("--out <folder>", "where the store and the reports are kept", "sweepstake-out");
}

/** Adds `--json`: results as JSON on standard output. */
export function withJson(command: Command): Command {
  return command.option("--json", "print the result as JSON", false);
}

/** Options of the commands that train. */
export interface RunOptions extends SpecOptions {
  readonly executor: "local" | "inline";
  readonly workers: number;
  readonly threads: number;
}

/** Adds `--executor`, `--workers` and `--threads`. */
export function withRunOptions(command: Command): Command {
  return withWorkers(command)
    .addOption(
      new Option("--executor <name>", "local: worker processes; inline: this process, for debugging")
        .choices(["local", "inline"])
        .default("local"),
    )
    .option("--threads <n>", "threads of each worker", positiveInteger, 1);
}

/** Adds `--workers`. */
export function withWorkers(command: Command): Command {
  return command.option(
    "--workers <n>",
    "worker processes of the local executor",
    positiveInteger,
    availableParallelism(),
  );
}

/** Folder of the store inside the output folder. */
export function storeFolder(options: SpecOptions): string {
  return join(resolve(options.out), "store");
}

/** Adds `--protect`, which every command on weight files has. */
export function withProtect(command: Command): Command {
  const help = "layers to leave out, separated by commas; first-conv, last-linear and none are understood";
  return command.option("--protect <names>", help, (text: string) => text.split(",").map((name) => name.trim()), [
    "first-conv",
  ]);
}

function collect(value: string, previous: readonly string[]): string[] {
  return [...previous, value];
}

/** Parses an option's value that must be an integer of at least 1. */
export function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError("expected an integer of at least 1.");
  return value;
}
