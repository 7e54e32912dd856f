// Runs command lines of the program inside one process, one after the other: a start costs more than a small run.
// usage: node host.js MAIN, with the shim preloaded; MAIN is the compiled main.js of the command line

import { format } from "node:util";

export interface HostRequest {
  readonly args: readonly string[];
}

export interface HostReply {
  readonly code: number;
  readonly output: string;
}

interface Main {
  readonly main: (args: readonly string[]) => Promise<void>;
}

const { main } = (await import(process.argv[2] ?? "")) as Main;
let output = "";
for (const stream of [process, process.stdout, process.stderr]) stream.setMaxListeners(0);
for (const stream of [process.stdout, process.stderr]) {
  stream.write = (chunk: Uint8Array | string) => {
    output += typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("utf8");
    return true;
  };
}
process.on("warning", (warning) => {
  output += format("%s\n", warning.message);
});
process.on("message", ({ args }: HostRequest) => {
  output = "";
  process.exitCode = 0;
  void main(args).then(() => {
    const reply: HostReply = { code: Number(process.exitCode ?? 0), output };
    process.send?.(reply);
  });
});
process.send?.("ready");
