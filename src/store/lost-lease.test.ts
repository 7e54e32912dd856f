import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { cases, content, folder, key, undisturbed } from "./crash.fixture.ts";
import { Store } from "./store.ts";

describe("a holder that is silent at any step of writing, while another host takes over", () => {
  it.each(
    cases.flatMap(([name, before, epochs]) =>
      (["no", "yes"] as const).map((isSlow) => [name, before, epochs, isSlow] as const),
    ),
  )(
    "publishes nothing of %s that is not whole, and takes nothing away (%i, %i, slow: %s)",
    (_, before, epochs, isSlow) => {
      const { start, end } = undisturbed(before, epochs);
      const ends: string[] = [];
      for (let at = 1; ; at++) {
        const root = join(mkdtempSync(join(folder, "stolen-")), "store");
        if (start !== "") cpSync(start, root, { recursive: true });
        const args = ["--import", join(folder, "faults.js"), join(folder, "stolen.js"), root, String(epochs), isSlow];
        const child = spawnSync(process.execPath, args, { encoding: "utf8", env: { ...process.env, AT: String(at) } });
        if (child.status !== 0) throw new Error(`${at}: ${child.stderr}`);
        const result = JSON.parse(child.stdout) as { steps: number; end: string; other: string; notices: string[] };
        // The first ends well or finds its lease lost, nothing else; the other one ends well.
        expect(["done", "LeaseLostError"]).toContain(result.end);
        // Silent at the very rename of a checkpoint, the first one replaces that of the other, whose hashes then do not fit: it is dropped.
        const notices = result.notices.filter((notice) => !/checkpoint.* damaged and was dropped/.test(notice));
        expect([at, result.other, notices]).toEqual([at, "done", []]);
        ends.push(result.end);
        const store = Store.open(root, (message) => ends.push(message));
        store.verify(key);
        expect(Object.keys(content(store)).sort()).toEqual(Object.keys(end).sort());
        for (let epoch = 1; epoch <= epochs; epoch++)
          expect(content(store)[`weights@${epoch}.safetensors`]).toBe(`weights of epoch ${epoch}`);
        expect(existsSync(join(root, "quarantine"))).toBe(false);
        rmSync(dirname(root), { recursive: true });
        if (result.steps < at) break;
      }
      expect(ends.filter((one) => one === "LeaseLostError").length).toBeGreaterThan(16);
      expect(ends.at(-1)).toBe("done");
    },
  );
});
