import { Command, InvalidArgumentError } from "commander";

/** `sweepstake serve [OUT]`: the live page. */
export function serveCommand(): Command {
  return new Command("serve")
    .description("Show the experiments of a folder in a browser while they run: runs, verdicts, layers.")
    .argument("[out]", "where the store and the reports are kept, as --out of `run`", "sweepstake-out")
    .option("--port <n>", "port on 127.0.0.1 (default: 8765, or any free one)", portNumber)
    .addHelpText("after", example)
    .action(serveAction);
}

const example = `
The address has a token; without it nothing is shown. Runs may be on other hosts: the store alone is looked at. Ctrl-C ends the page, not
the runs. From another machine: ssh -L 8765:127.0.0.1:8765 HOST, then open the same address there. See docs/live.md.

Examples:
  $ sweepstake serve
  $ sweepstake serve sweepstake-out --port 9000`;

async function serveAction(out: string, { port }: { readonly port?: number }): Promise<void> {
  const { Store } = await import("../../store/store.ts");
  const { serveLive } = await import("../../serve/listen.ts");
  const { storeFolder } = await import("../options.ts");
  const folder = storeFolder({ out });
  const server = await serveLive(Store.open(folder), folder, port);
  process.stdout.write(`${server.address}\n`);
  process.stderr.write("open this address in a browser; Ctrl-C ends the page, not the runs\n");
  await new Promise<void>((resolve) => {
    for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(name, () => resolve());
  });
  await server.close();
}

function portNumber(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port >= 0 && port <= 65_535) return port;
  throw new InvalidArgumentError("expected a port from 0 to 65535; 0 is any free one.");
}
