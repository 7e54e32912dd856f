import { Command } from "commander";
import { InputError } from "../../core/errors.ts";
import type { Store } from "../../store/store.ts";
import { type SpecOptions, withJson, withSpecOptions } from "../options.ts";

/** `sweepstake store verify [SPEC]`: what is kept, checked byte by byte. */
export function storeCommand(): Command {
  const verify = new Command("verify")
    .description(
      "Read every byte of the stored results against their records, and list what is damaged; exit code 1 if anything is.",
    )
    .argument("[spec]", "only the results of this experiment, a YAML file")
    .option("--repair", "move damaged results to the quarantine, so that the next run computes them anew", false);
  withJson(withSpecOptions(verify)).action(verifyAction);
  return new Command("store")
    .description("Look after the store of results.")
    .addCommand(verify)
    .addCommand(garbageCommand())
    .addCommand(contentsCommand("ls", "List what is there, and which experiments of a folder need it."))
    .addCommand(
      contentsCommand(
        "du",
        "Show how much room it takes, by kind, and how much of it no experiment of a folder needs.",
      ),
    )
    .addHelpText("after", example);
}

const example = `
Examples:
  $ sweepstake store verify
  $ sweepstake store verify examples/demo.yaml --repair
  $ sweepstake store ls examples
  $ sweepstake store du examples
  $ sweepstake store gc examples --dry-run`;

function garbageCommand(): Command {
  return new Command("gc")
    .description(
      "Remove the results that no experiment of a folder needs, after asking; safe while experiments run, theirs are kept.",
    )
    .argument("[folder]", "where the experiments' YAML files are", ".")
    .option("--dry-run", "only say what would be removed", false)
    .option("--yes", "do not ask", false)
    .option("--out <folder>", "where the store and the reports are kept", "sweepstake-out")
    .action(garbageAction);
}

async function garbageAction(
  folder: string,
  options: { readonly dryRun: boolean; readonly yes: boolean; readonly out: string },
): Promise<void> {
  const { Store: Stores } = await import("../../store/store.ts");
  const { storeFolder } = await import("../options.ts");
  const { findGarbage, garbageText, removeGarbage } = await import("../collect-garbage.ts");
  const store = Stores.open(storeFolder(options));
  const garbage = findGarbage(store, folder);
  process.stdout.write(garbageText(garbage));
  if (options.dryRun || garbage.objects.length + garbage.unfinished.length === 0) return;
  if (!options.yes && !(await isConfirmed())) {
    process.stdout.write("nothing was removed\n");
    return;
  }
  const { removed, busy } = removeGarbage(store, garbage);
  const left = busy === 0 ? "" : `; ${busy} left, which somebody began to compute meanwhile`;
  process.stdout.write(`removed ${removed} objects and unfinished stages${left}\n`);
}

async function isConfirmed(): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new InputError({
      where: "store gc",
      message: "expected somebody to ask, got no terminal",
      hint: "--yes removes without asking, --dry-run only says what would be removed",
    });
  const { createInterface } = await import("node:readline/promises");
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question("remove them? [y/N] ")).trim());
  } finally {
    terminal.close();
  }
}

function contentsCommand(name: "ls" | "du", description: string): Command {
  const command = new Command(name)
    .description(description)
    .argument("[folder]", "where the experiments' YAML files are", ".")
    .option("--out <folder>", "where the store and the reports are kept", "sweepstake-out");
  return withJson(command).action(async (folder: string, options: ContentsOptions) => {
    const { Store: Stores } = await import("../../store/store.ts");
    const { storeFolder } = await import("../options.ts");
    const { contentsText, sizesText, storeContents } = await import("../store-contents.ts");
    const found = storeContents(Stores.open(storeFolder(options)), folder);
    const text = name === "ls" ? contentsText(found) : sizesText(found);
    process.stdout.write(
      options.json ? `${JSON.stringify({ objects: found.objects, unknown: found.unknown }, null, 2)}\n` : text,
    );
  });
}

interface ContentsOptions {
  readonly out: string;
  readonly json: boolean;
}

async function verifyAction(
  file: string | undefined,
  options: SpecOptions & { readonly repair: boolean; readonly json: boolean },
): Promise<void> {
  const { Store: Stores } = await import("../../store/store.ts");
  const { storeFolder } = await import("../options.ts");
  const { verificationText, verifyStore } = await import("../verify-store.ts");
  const store = Stores.open(storeFolder(options));
  const plan = file === undefined ? undefined : await planOf(file, options, store);
  const found = verifyStore(store, plan, options.repair);
  process.stdout.write(options.json ? `${JSON.stringify(found, null, 2)}\n` : verificationText(found, options.repair));
  if (found.damaged.length + found.damagedNotes.length > 0) process.exitCode = 1;
}

async function planOf(file: string, options: SpecOptions, store: Store) {
  const { loadSpec } = await import("../../spec/load.ts");
  const { planFor } = await import("../plan-for.ts");
  return planFor(loadSpec(file, options.set), store);
}
