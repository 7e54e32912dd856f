import { readFileSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { join } from "node:path";

/** What this process may use of the machine. */
export interface Limits {
  /** Processors, at least 1: those of the machine or its affinity, or what a container's quota comes to, rounded down. */
  readonly cores: number;
  /** Bytes. */
  readonly memory: number;
  /** Whether a container allows less than the machine has. */
  readonly isCoreQuota: boolean;
  readonly isMemoryLimit: boolean;
}

/**
 * The limits of control groups (containers, Slurm, systemd), versions 1 and 2: the smallest on the way from this process's group up. Node counts the
 * processors of the machine, whatever the quota.
 * @param root for tests: where /proc and /sys are
 */
export function limits(root = "/"): Limits {
  const quotas = groupFolders(root, "cpu").flatMap((folder) => [...quotaV2(folder), ...quotaV1(folder)]);
  const memories = groupFolders(root, "memory").flatMap((folder) => [
    ...numberIn(join(folder, "memory.max")),
    ...numberIn(join(folder, "memory.limit_in_bytes")),
  ]);
  const [cores, memory] = [availableParallelism(), totalmem()];
  const quota = Math.max(1, Math.floor(Math.min(Number.POSITIVE_INFINITY, ...quotas)));
  const limit = Math.min(Number.POSITIVE_INFINITY, ...memories);
  return {
    cores: Math.min(cores, quota),
    memory: Math.min(memory, limit),
    isCoreQuota: quota < cores,
    isMemoryLimit: limit < memory,
  };
}

/** Folders of this process's control group and those above it, for a controller. */
function groupFolders(root: string, controller: string): readonly string[] {
  const lines = textOf(join(root, "proc/self/cgroup")).split("\n");
  return lines.flatMap((line) => {
    const [, controllers = "", path = ""] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers !== "" && !controllers.split(",").includes(controller)) return [];
    const mount = join(root, "sys/fs/cgroup", controllers);
    const parts = path.split("/").filter((part) => part !== "");
    // In a container the path may be that of the host, and the group lies at the mount itself.
    return [mount, ...parts.map((_, i) => join(mount, ...parts.slice(0, i + 1)))];
  });
}

/** `200000 100000`: microseconds in a period. */
function quotaV2(folder: string): readonly number[] {
  const [quota, period] = textOf(join(folder, "cpu.max")).trim().split(" ").map(Number);
  return quota !== undefined && period !== undefined && quota > 0 && period > 0 ? [quota / period] : [];
}

function quotaV1(folder: string): readonly number[] {
  const [quota] = numberIn(join(folder, "cpu.cfs_quota_us"));
  const [period] = numberIn(join(folder, "cpu.cfs_period_us"));
  return quota !== undefined && period !== undefined ? [quota / period] : [];
}

/** A positive number; nothing for `max`, -1 and a file that is not there. */
function numberIn(path: string): readonly number[] {
  const text = textOf(path).trim();
  const value = /^\d+$/.test(text) ? Number(text) : 0;
  return value > 0 ? [value] : [];
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
