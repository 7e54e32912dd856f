import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Store } from "../../src/store/store.ts";
import { temporaryFolder } from "../cli-runner.ts";
import { projectFolder } from "./root.ts";
import { Control, compileShim } from "./shim.ts";

const folder = temporaryFolder();
const key = "0a".repeat(32);
const control = new Control(compileShim(folder), join(folder, "control"));

/** A stage with a checkpoint, as the executor runs it; says how it ended. */
const script = join(folder, "stage.mjs");
writeFileSync(
  script,
  `
  import { Store } from ${JSON.stringify(join(projectFolder(), "dist/store/store.js"))};
  const [, , root, epoch] = process.argv;
  const provenance = { sweepstake: "0", node: "", libtorch: "", device: "cpu", threads: 1, precision: "float32", hardware: "",
    startedAt: "", finishedAt: "", durationMs: 0, resumes: 0 };
  const lease = Store.open(root).claim("${key}");
  try {
    lease.write("weights@" + epoch + ".safetensors", "weights of epoch " + epoch);
    lease.checkpoint({ epoch: Uint8Array.of(1) });
    lease.write("metrics.jsonl", "{}\\n".repeat(epoch));
    lease.commit({ stage: { kind: "train" }, kind: "train", status: "done", summary: {}, provenance });
    process.stdout.write("done");
  } finally {
    lease.release();
  }`,
);

function run(root: string, epoch: number) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, root, String(epoch)], {
    encoding: "utf8",
    env: { ...process.env, ...control.env() },
  });
  return { status, stdout, stderr };
}

describe("clean-up after a result is published", () => {
  it.each([
    ["a new object", 1, `/objects/0a/${key}`],
    ["an extended object", 2, `/objects/0a/${key}/record.json`],
  ])(
    "is best effort: whichever of its system calls fails, %s is done",
    (_, epoch, published) => {
      const before = mkdtempSync(join(folder, "before-"));
      if (epoch === 2) expect(run(before, 1).stdout).toBe("done");
      const counted = mkdtempSync(join(folder, "counted-"));
      cpSync(before, counted, { recursive: true });
      control.set({ action: "count", folder: counted });
      expect(run(counted, epoch)).toEqual({ status: 0, stdout: "done", stderr: "" });
      const { calls } = control.state;
      let failed = 0;
      for (let at = calls; ; at--) {
        const root = mkdtempSync(join(folder, "cleanup-"));
        cpSync(before, root, { recursive: true });
        const error = at % 2 === 0 ? "EIO" : "EACCES";
        control.set({ action: "fail", folder: root, at, error });
        const end = run(root, epoch);
        const { path } = control.state;
        control.clear();
        if (path === `rename ${root}${published}`) break;
        const [call = ""] = path.split(" ");
        // The sync that makes the rename survive a power loss belongs to the result, not to what is tidied up.
        const isSync = path.replace(/^\w+ /, "") === join(root, published, "..") && /^(open|fsync)$/.test(call);
        if (!isSync) expect([path, end]).toEqual([path, { status: 0, stdout: "done", stderr: "" }]);
        failed++;
        const notices: string[] = [];
        const store = Store.open(root, (message) => notices.push(message));
        expect([store.has(key, [`weights@${epoch}`]), store.inspect(key), notices]).toEqual([true, [], []]);
        // What stayed behind is in nobody's way.
        const next = store.claim(key);
        expect(next).toBeDefined();
        next?.release();
      }
      expect(failed).toBeGreaterThan(6);
    },
    120_000,
  );
});
