import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { limits } from "./limits.ts";

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "sweepstake-limits-"));
});
afterEach(() => rmSync(root, { recursive: true }));

function write(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}
const machine = { cores: availableParallelism(), memory: totalmem(), isCoreQuota: false, isMemoryLimit: false };

test("without control groups, and with unlimited ones, are those of the machine", () => {
  expect(limits(root)).toEqual(machine);
  write({ "proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "max 100000\n", "sys/fs/cgroup/memory.max": "max\n" });
  expect(limits(root)).toEqual(machine);
  write({
    "proc/self/cgroup": "4:memory:/\n3:cpu,cpuacct:/\n",
    "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
    "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
    "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
  });
  expect(limits(root)).toEqual(machine);
});

test("of version 2 are the smallest on the way up; less than a processor is one", () => {
  write({
    "proc/self/cgroup": "0::/slurm/job\n",
    "sys/fs/cgroup/slurm/cpu.max": "100000 100000\n",
    "sys/fs/cgroup/slurm/job/cpu.max": "50000 100000\n",
    "sys/fs/cgroup/slurm/memory.max": "900000000\n",
    "sys/fs/cgroup/slurm/job/memory.max": "max\n",
  });
  expect(limits(root)).toEqual({ cores: 1, memory: 900_000_000, isCoreQuota: machine.cores > 1, isMemoryLimit: true });
});

test("of version 1 are found at the mount when the path is the host's", () => {
  write({
    "proc/self/cgroup": "4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n",
    "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "100000\n",
    "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
    "sys/fs/cgroup/memory/memory.limit_in_bytes": "480000000\n",
  });
  expect(limits(root)).toEqual({ cores: 1, memory: 480_000_000, isCoreQuota: machine.cores > 1, isMemoryLimit: true });
});
