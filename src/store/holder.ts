import { createHash, randomBytes } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** Stands for the start time on systems without /proc. */
const NO_START = "0";

/**
 * Who holds a lease. It is the lease file's name, so that one rename hands the lease over together with the identity.
 * `system` tells apart boots and process-id namespaces (two containers may share a host name but not their process ids);
 * `start` is when the process began, so that a process id that was given out again is not mistaken for the holder.
 */
export interface Holder {
  readonly host: string;
  readonly system: string;
  readonly pid: number;
  readonly start: string;
  readonly token: string;
}

/** This process, as the holder of a new lease. */
export function newHolder(): Holder {
  return { ...here(), token: randomBytes(8).toString("hex") };
}

let thisProcess: Omit<Holder, "token"> | undefined;

function here(): Omit<Holder, "token"> {
  thisProcess ??= {
    host: hostname()
      .replace(/[^A-Za-z0-9.-]/g, "_")
      .slice(0, 64),
    system: systemId(),
    pid: process.pid,
    start: processStart(process.pid) ?? NO_START,
  };
  return thisProcess;
}

export function holderName({ host, system, pid, start, token }: Holder): string {
  return [host, system, pid, start, token].join("~");
}

/** Undefined for a file that is not a lease. */
export function parseHolder(name: string): Holder | undefined {
  const [host, system, pid, start, token, ...rest] = name.split("~");
  if (host === undefined || system === undefined || start === undefined || token === undefined) return undefined;
  return rest.length > 0 || !/^\d+$/.test(pid ?? "") ? undefined : { host, system, pid: Number(pid), start, token };
}

/** Whether the holder's process lives; undefined when that cannot be known from here (another host, no /proc). */
export function isAlive(holder: Holder): boolean | undefined {
  const { host, system, start } = here();
  if (holder.host !== host || holder.system !== system) return undefined;
  if (start !== NO_START) return processStart(holder.pid) === holder.start;
  return processExists(holder.pid) ? undefined : false;
}

/** Start time of a process in clock ticks since boot; undefined when it is gone or a zombie, or there is no /proc. */
function processStart(pid: number): string | undefined {
  try {
    // The second field is the command in parentheses and may hold anything; the third is the state, the 22nd the start.
    const fields = readFileSync(`/proc/${pid}/stat`, "latin1")
      .replace(/^.*\) /s, "")
      .split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

/** Whether a process of this machine is suspended (Ctrl-Z, a debugger, a scheduler). */
export function isStopped(pid: number): boolean {
  try {
    const state = readFileSync(`/proc/${pid}/stat`, "latin1")
      .replace(/^.*\) /s, "")
      .slice(0, 1);
    return state === "T" || state === "t";
  } catch {
    return false;
  }
}

function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ESRCH");
  }
}

function systemId(): string {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8");
    const namespace = readlinkSync("/proc/self/ns/pid");
    return createHash("sha256").update(`${boot}${namespace}`).digest("hex").slice(0, 12);
  } catch {
    return "unknown";
  }
}
