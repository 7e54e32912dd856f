import { join, resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { limits } from "../core/limits.ts";

/** Options of every command that reads a spec. */
export interface SpecOptions {
  readonly set: readonly string[];
  readonly out: string;
}

/** Options that may be given several times: their values add up. */
export const repeatable: ReadonlySet<string> = new Set(["set", "protect", "layers", "results"]);

/** Adds `--set` and `--out`. */
export function withSpecOptions(command: Command): Command {
  return command
    .option("--set <path=value>", "change a field of the spec, e.g. train.epochs=20 (repeatable)", collect, [])
    .option("--out <folder>", "where the store and the reports are kept", "sweepstake-out");
}

/** Option of the commands that can read an export beside the store. */
export interface ResultsOptions {
  /** Files of `export --to results`, or folders of them. */
  readonly results: readonly string[];
}

/** Adds `--results`. */
export function withResults(command: Command): Command {
  return command.option(
    "--results <path>",
    "finished results to take in first: a file of export --to results, or a folder of them (repeatable)",
    collect,
    [],
  );
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
  return command.option("--workers <n>", "worker processes of the local executor", positiveInteger, limits().cores);
}

/** Folder of the store inside the output folder. */
export function storeFolder(options: Pick<SpecOptions, "out">): string {
  return join(resolve(options.out), "store");
}

/** Adds `--protect`, `--layers` and `--mask-key`, which every command on weight files has. */
export function withWeightFiles(command: Command): Command {
  return command
    .option(
      "--protect <names>",
      "layers to leave out, separated by commas or repeated; first-conv, last-linear and none are understood (default: first-conv)",
      names,
    )
    .option(
      "--layers <names>",
      "arrays to take for layers whatever they are called, separated by commas or repeated",
      names,
    )
    .option("--mask-key <name>", "which dictionary of the mask's .pt file holds the mask");
}

/** Names of a list, added to those given before. */
function names(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, ...text.split(",").map((name) => name.trim())];
}

/** What is protected where nothing is said. */
export const DEFAULT_PROTECT: readonly string[] = ["first-conv"];

function collect(value: string, previous: readonly string[]): string[] {
  return [...previous, value];
}

/** Parses an option's value that must be an integer of at least 1. */
export function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError("expected an integer of at least 1.");
  return value;
}

/** Parses an option's value that must be a share in [0, 1). */
export function shareBelowOne(text: string): number {
  const share = text.trim() === "" ? Number.NaN : Number(text);
  if (share >= 0 && share < 1) return share;
  const percent = share >= 1 && share < 100 ? ` For ${share} % write ${share / 100}.` : "";
  throw new InvalidArgumentError(`expected a share in [0, 1).${percent}`);
}

/** Parses an option's value that must be an integer of at least 0. */
export function wholeFromZero(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("expected a whole number of at least 0.");
  return Number(text);
}
