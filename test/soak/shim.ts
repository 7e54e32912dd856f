import { execFileSync } from "node:child_process";
import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { projectFolder } from "./root.ts";

/** System calls that can be given orders; `create` is an open that may make the file. */
export const operations = [
  "write",
  "fsync",
  "rename",
  "create",
  "open",
  "mkdir",
  "unlink",
  "rmdir",
  "utime",
  "read",
  "scandir",
] as const;
export type Operation = (typeof operations)[number];

const actions = { count: 0, fail: 1, half: 2, kill: 3, stop: 4, full: 5 } as const;

/** What happens to which system call below a folder. */
export interface Order {
  readonly action: keyof typeof actions;
  readonly folder: string;
  readonly operation?: Operation | "any";
  /** The how-manieth of these calls, from 1. */
  readonly at?: number;
  /** All calls from that one on. */
  readonly from?: boolean;
  /** Name of the error, e.g. EIO. */
  readonly error?: string;
  /** Part of the paths it is about. */
  readonly match?: string;
  /** For `full`: bytes until the disk is full. */
  readonly room?: number;
}

/** Where the fields of the control block of shim.c lie. */
const offsets = {
  action: 0,
  at: 4,
  error: 8,
  from: 12,
  calls: 16,
  fired: 20,
  room: 24,
  operation: 32,
  folder: 64,
  match: 1088,
  path: 1344,
};
const SIZE = 2368;

/** Compiles the shim into a folder. @returns the library's path */
export function compileShim(folder: string): string {
  const library = join(folder, "shim.so");
  const source = join(projectFolder(), "test/soak/shim.c");
  execFileSync("g++", ["-x", "c", "-shared", "-fPIC", "-O1", "-w", "-o", library, source, "-ldl"]);
  return library;
}

/** The orders to processes that have preloaded the shim; they may change while those run. */
export class Control {
  readonly #path: string;
  readonly #library: string;

  /** @param path of a file of its own */
  constructor(library: string, path: string) {
    this.#library = library;
    this.#path = path;
    this.#write(Buffer.alloc(SIZE), "w");
  }

  /** What a process needs to obey. @param faster how many times as fast its clock runs, and `host` the name of its machine */
  env(faster = 1, host?: string): Record<string, string> {
    return {
      LD_PRELOAD: this.#library,
      SOAK_CONTROL: this.#path,
      SOAK_CLOCK: String(faster),
      ...(host === undefined ? {} : { SOAK_HOST: host }),
    };
  }

  /** Gives an order; calls are counted from 0 again. */
  set(order: Order): void {
    const block = Buffer.alloc(SIZE);
    block.writeUInt32LE(actions[order.action], offsets.action);
    block.writeUInt32LE(order.at ?? 0, offsets.at);
    block.writeUInt32LE(errorNumber(order.error ?? (order.action === "full" ? "ENOSPC" : "EIO")), offsets.error);
    block.writeUInt32LE(order.from === true ? 1 : 0, offsets.from);
    block.writeBigInt64LE(BigInt(order.room ?? 0), offsets.room);
    block.write(order.operation ?? "any", offsets.operation);
    block.write(order.folder, offsets.folder);
    block.write(order.match ?? "", offsets.match);
    this.#write(block, "r+");
  }

  /** Ends all orders. */
  clear(): void {
    this.#write(Buffer.alloc(SIZE), "r+");
  }

  /** Calls so far, how many of them the action was taken on, and the last of these. */
  get state(): { readonly calls: number; readonly fired: number; readonly path: string } {
    const file = openSync(this.#path, "r");
    const block = Buffer.alloc(SIZE);
    readSync(file, block);
    closeSync(file);
    const path = block.subarray(offsets.path).toString("utf8").replace(/\0.*$/s, "");
    return { calls: block.readUInt32LE(offsets.calls), fired: block.readUInt32LE(offsets.fired), path };
  }

  #write(block: Buffer, flags: string): void {
    const file = openSync(this.#path, flags);
    writeSync(file, block, 0, block.length, 0);
    closeSync(file);
  }
}

function errorNumber(name: string): number {
  const number = new Map(Object.entries(constants.errno)).get(name) ?? (name === "EDQUOT" ? 122 : undefined);
  if (number === undefined) throw new Error(`no error ${name}`);
  return number;
}
