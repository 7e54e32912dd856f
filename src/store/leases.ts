import { existsSync, readdirSync, renameSync, rmdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeFolder, writeFailure } from "../core/atomic-write.ts";
import { type Holder, holderName, isAlive, isStopped, newHolder, parseHolder } from "./holder.ts";
import type { Layout } from "./layout.ts";

/** How often a holder shows that it lives. */
export const HEARTBEAT_MS = 5_000;
/** How long a holder on another host may be silent before its lease is taken over. */
export const STALE_MS = 30_000;

/**
 * One writer per key, across processes and hosts. The lease of a key is a folder with one file whose name is the holder:
 * - a new lease is a prepared folder that is renamed into place, which fails when the place is taken;
 * - a lease whose holder died is taken over by renaming its file, which succeeds for one taker: for the next the name is gone;
 * - the old holder, should it live, finds its name gone and stops.
 * All three are single renames, also on a network file system. On one host the process table says who lives; elsewhere the
 * heartbeat does, and silence is measured on the watcher's own clock, because clocks of hosts differ.
 */
export class Leases {
  readonly #layout: Layout;
  /** Since when a foreign lease has looked the same, by key. */
  readonly #watched = new Map<string, { readonly looks: string; readonly since: number }>();

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  /** The lease of a key, or undefined when another holder has it. */
  claim(key: string): LeaseFile | undefined {
    try {
      // A second round is needed when the lease changes under our eyes; whoever changes it is alive, so two are enough.
      return this.#tryClaim(key) ?? this.#tryClaim(key);
    } catch (cause) {
      throw writeFailure(this.#layout.lease(key), cause);
    }
  }

  /** Whether somebody seems to compute the key now; for display, so a clock that is off only shows a wrong word. */
  isClaimed(key: string): boolean {
    const held = this.#held(key);
    if (held === undefined) return false;
    return isAlive(held.holder) ?? Date.now() - held.beatMs < 2 * STALE_MS;
  }

  /** Who holds a lease, for whoever waits for it. */
  holder(key: string): StageHolder | undefined {
    const held = this.#held(key);
    if (held === undefined) return undefined;
    const { holder, beatMs } = held;
    const alive = isAlive(holder);
    const isSuspended = alive === true && isStopped(holder.pid);
    return {
      host: holder.host,
      pid: holder.pid,
      silentMs: Math.max(0, Date.now() - beatMs),
      isAlive: alive,
      isSuspended,
    };
  }

  #tryClaim(key: string): LeaseFile | undefined {
    const folder = this.#layout.lease(key);
    const mine = newHolder();
    const held = this.#held(key);
    if (held === undefined) return this.#create(folder, mine);
    if (!this.#isStale(key, held)) return undefined;
    if (!renamed(join(folder, holderName(held.holder)), join(folder, holderName(mine)))) return undefined;
    return new LeaseFile(folder, mine);
  }

  #create(folder: string, mine: Holder): LeaseFile | undefined {
    const prepared = this.#layout.newLease(mine.token);
    makeFolder(prepared);
    writeFileSync(join(prepared, holderName(mine)), "");
    if (renamed(prepared, folder)) return new LeaseFile(folder, mine);
    rmSync(prepared, { recursive: true, force: true });
    return this.#createInside(folder, mine);
  }

  /**
   * The place is taken by a folder. One without a holder, but with foreign files (`.nfs…` of a network file system, those of a sync program),
   * is free: the holder's file is made in it. Whoever finds another holder beside his own steps back, so at most one stays.
   */
  #createInside(folder: string, mine: Holder): LeaseFile | undefined {
    if (!isFolderWithoutHolder(folder)) return undefined;
    const path = join(folder, holderName(mine));
    writeFileSync(path, "", { flag: "wx" });
    const holders = readdirSync(folder).filter((name) => parseHolder(name) !== undefined);
    if (holders.length === 1) return new LeaseFile(folder, mine);
    rmSync(path, { force: true });
    return undefined;
  }

  #held(key: string): { readonly holder: Holder; readonly beatMs: number } | undefined {
    const folder = this.#layout.lease(key);
    try {
      for (const name of readdirSync(folder)) {
        const holder = parseHolder(name);
        if (holder !== undefined) return { holder, beatMs: statSync(join(folder, name)).mtimeMs };
      }
    } catch (error) {
      if (!hasCode(error, "ENOENT", "ENOTDIR")) throw error;
    }
    return undefined;
  }

  #isStale(key: string, { holder, beatMs }: { readonly holder: Holder; readonly beatMs: number }): boolean {
    const alive = isAlive(holder);
    if (alive !== undefined) return !alive;
    const looks = `${holder.token} ${beatMs}`;
    const now = performance.now();
    const watched = this.#watched.get(key);
    if (watched?.looks === looks) return now - watched.since >= STALE_MS;
    this.#watched.set(key, { looks, since: now });
    return false;
  }
}

/** Who holds a lease. */
export interface StageHolder {
  readonly host: string;
  readonly pid: number;
  /** Since it last showed that it lives, by this machine's clock. */
  readonly silentMs: number;
  /** Undefined when that cannot be known from here. */
  readonly isAlive: boolean | undefined;
  /** Whether it is known to be suspended, on this machine. */
  readonly isSuspended: boolean;
}

/** A lease that this process holds, until it is released or somebody takes it over. */
export class LeaseFile {
  readonly #folder: string;
  #holder: Holder;
  readonly #timer: NodeJS.Timeout;
  #lastBeat = performance.now();

  constructor(folder: string, holder: Holder) {
    this.#folder = folder;
    this.#holder = holder;
    this.#touch();
    this.#timer = setInterval(() => this.#touch(), HEARTBEAT_MS).unref();
  }

  get token(): string {
    return this.#holder.token;
  }

  isHeld(): boolean {
    return existsSync(this.#path());
  }

  /** Shows that the holder lives, when that is due. */
  beat(): void {
    if (performance.now() - this.#lastBeat >= HEARTBEAT_MS) this.#touch();
  }

  /**
   * Asks the file system itself, not a cache of it, whether the lease is still held: the rename fails when it is not, and
   * makes a takeover fail that has already begun.
   */
  renew(): boolean {
    const next = { ...this.#holder, token: newHolder().token };
    const isMine = renamed(this.#path(), join(this.#folder, holderName(next)));
    if (isMine) this.#holder = next;
    return isMine;
  }

  /** Gives the lease back; nothing happens when somebody else has it by now. */
  release(): void {
    clearInterval(this.#timer);
    try {
      rmSync(this.#path(), { force: true });
      rmdirSync(this.#folder);
    } catch {
      // Somebody claimed it in this moment, and the folder is theirs; or the disk fails, and the lease ends with this process.
    }
  }

  #path(): string {
    return join(this.#folder, holderName(this.#holder));
  }

  #touch(): void {
    this.#lastBeat = performance.now();
    const now = new Date();
    try {
      utimesSync(this.#path(), now, now);
    } catch {
      // Taken over, or the file system is away for a moment: the check before the next write decides, not a timer.
    }
  }
}

/** Whether the rename took place; false when the source is gone or the target is taken. */
function renamed(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTEMPTY", "EEXIST")) return false;
    throw writeFailure(to, error);
  }
}

/** Whether a folder is there that has files, but none of a holder. An empty one is on its way out or in. */
function isFolderWithoutHolder(folder: string): boolean {
  try {
    const names = readdirSync(folder);
    return names.length > 0 && names.every((name) => parseHolder(name) === undefined);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return false;
    throw error;
  }
}

function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && "code" in error && codes.includes(String(error.code));
}
