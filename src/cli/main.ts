import { Command, CommanderError } from "commander";
import { VERSION } from "../core/version.ts";
import { bestCommand } from "./commands/best.ts";
import { claimsCommand } from "./commands/claims.ts";
import { compareCommand } from "./commands/compare.ts";
import { dataCommand } from "./commands/data.ts";
import { demoCommand } from "./commands/demo.ts";
import { diagnoseCommand } from "./commands/diagnose.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { exportCommand } from "./commands/export.ts";
import { listCommand } from "./commands/list.ts";
import { paperCommand } from "./commands/paper.ts";
import { planCommand } from "./commands/plan.ts";
import { pruneCommand } from "./commands/prune.ts";
import { reportCommand } from "./commands/report.ts";
import { runCommand } from "./commands/run.ts";
import { serveCommand } from "./commands/serve.ts";
import { showCommand } from "./commands/show.ts";
import { statusCommand } from "./commands/status.ts";
import { storeCommand } from "./commands/store.ts";
import { reportError } from "./errors.ts";
import { repeatable } from "./options.ts";

/** The whole command line; one file of commands/ per command. */
export function createProgram(): Command {
  const program = new Command("sweepstake")
    .description("A laboratory for lottery tickets and network pruning.")
    .version(VERSION, "-v, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand("help [command]", "print the help of a command")
    .showSuggestionAfterError(true)
    .addHelpText(
      "after",
      `
Examples:
  $ sweepstake demo                          the whole experiment on Fashion-MNIST, in minutes
  $ sweepstake plan examples/demo.yaml       what a spec would train, and how long it would take

Exit codes: 0 done, 1 a run failed, 2 wrong input, 3 stopped by request, 129 to 143 stopped by a signal (run again to go on).`,
    );
  const commands = [
    demoCommand,
    doctorCommand,
    planCommand,
    runCommand,
    statusCommand,
    serveCommand,
    dataCommand,
    storeCommand,
    listCommand,
    showCommand,
    bestCommand,
    exportCommand,
    reportCommand,
    paperCommand,
    claimsCommand,
    diagnoseCommand,
    compareCommand,
    pruneCommand,
  ];
  for (const command of commands) program.addCommand(command());
  for (const command of allOf(program)) {
    command.exitOverride();
    refuseRepeated(command);
  }
  return program;
}

/** A command and those below it. */
function allOf(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(allOf)];
}

/** An option that takes one value and is given twice would lose the first one in silence. */
function refuseRepeated(command: Command): void {
  for (const option of command.options) {
    const name = option.name();
    if (option.isBoolean() || repeatable.has(name)) continue;
    let isGiven = false;
    command.on(`option:${name}`, () => {
      if (isGiven) command.error(`error: option '--${name}' is given twice; give it once`);
      isGiven = true;
    });
  }
}

/** Runs one command line; every error becomes one message on standard error and the exit code. */
export async function main(args: readonly string[]): Promise<void> {
  process.stdout.on("error", endOfOutput);
  // What is said of the work must never end it: a closed terminal, a log on a full disk.
  process.stderr.on("error", () => undefined);
  // Without a listener Node opens its debugger, without a password, to everybody on the machine. A run stops in good order by its own.
  process.on("SIGUSR1", () => {
    if (process.listenerCount("SIGUSR1") === 1) process.exit(138);
  });
  try {
    await createProgram().parseAsync([...args], { from: "user" });
  } catch (error) {
    // commander has printed its own message already; wrong usage is wrong input, help and version are not errors.
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
    else process.exitCode = reportError(error, process.stderr);
  }
}

/** `sweepstake … | head` closes the pipe early: that ends the output, and neither the work nor with an error. Results that cannot be written are. */
function endOfOutput(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") return;
  process.stderr.write(`cannot write to standard output: ${error.message}\n`);
  process.exitCode = 1;
}
