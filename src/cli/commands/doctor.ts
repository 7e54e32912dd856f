import { Command } from "commander";
import { withJson } from "../options.ts";

/** `sweepstake doctor`: what is found on this machine, and how to get what is not. */
export function doctorCommand(): Command {
  const command = new Command("doctor")
    .description("Check this machine: engine, devices, threads, data sets; each problem with its fix.")
    .addHelpText("after", example);
  return withJson(command).action(doctorAction);
}

const example = `
Exit code 0 when experiments can run here, 1 when something they need is missing.

Examples:
  $ sweepstake doctor
  $ SWEEPSTAKE_DATA=/datasets sweepstake doctor --json`;

async function doctorAction(options: { readonly json: boolean }): Promise<void> {
  const { examine, findingsText } = await import("../examine.ts");
  const findings = examine();
  process.stdout.write(options.json ? `${JSON.stringify(findings, null, 2)}\n` : findingsText(findings));
  process.exitCode = findings.some(({ state }) => state === "missing") ? 1 : 0;
}
