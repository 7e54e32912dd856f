import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { InputError } from "../core/errors.ts";
import { loadSpec } from "./load.ts";
import { lines } from "./spoiled-spec.fixture.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "spec-"));
  writeFileSync(join(folder, "resnet.yaml"), lines.join("\n"));
  writeFileSync(join(folder, "notes.txt"), "");
  mkdirSync(join(folder, "empty"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function complaint(path: string): string {
  try {
    loadSpec(path);
  } catch (error) {
    if (error instanceof InputError) return error.message.replaceAll(folder, "FOLDER");
    throw error;
  }
  return "accepted";
}

it("reads a spec and applies the overrides", () => {
  expect(loadSpec(join(folder, "resnet.yaml"), ["seeds=2"])).toMatchObject({ name: "grid", seeds: [0, 1] });
});

it("names the file as it was given in every message", () => {
  expect(() => loadSpec(join(folder, "resnet.yaml"), ["seeds=0"])).toThrow("--set seeds=0");
  writeFileSync(join(folder, "bad.yaml"), "name: [");
  expect(complaint(join(folder, "bad.yaml"))).toMatch(/^FOLDER\/bad\.yaml:1:8: not valid YAML/);
  rmSync(join(folder, "bad.yaml"));
});

it("suggests the nearest spec of the folder when there is no such file", () => {
  const message = "expected a spec file, got a path where no file is";
  expect(complaint(join(folder, "resnt.yaml"))).toBe(
    `FOLDER/resnt.yaml: ${message}\n  hint: did you mean "resnet.yaml"?`,
  );
  expect(complaint(join(folder, "something.yaml"))).toBe(
    `FOLDER/something.yaml: ${message}\n  hint: known: resnet.yaml`,
  );
  expect(complaint(join(folder, "empty", "a.yaml"))).toBe(`FOLDER/empty/a.yaml: ${message}`);
  expect(complaint(join(folder, "nowhere", "a.yaml"))).toBe(`FOLDER/nowhere/a.yaml: ${message}`);
});

it("says that a folder is none", () => {
  expect(complaint(join(folder, "empty"))).toBe("FOLDER/empty: expected a spec file, got a folder");
});

it("reads no more than a megabyte, also of a device without an end", () => {
  const spec = lines.join("\n");
  writeFileSync(join(folder, "long.yaml"), `${spec}\n#${"x".repeat(1_000_000 - spec.length - 2)}`);
  expect(loadSpec(join(folder, "long.yaml"))).toMatchObject({ name: "grid" });
  writeFileSync(join(folder, "long.yaml"), `${spec}\n#${"x".repeat(1_000_000 - spec.length - 1)}`);
  expect(complaint(join(folder, "long.yaml"))).toMatch(
    /long\.yaml: expected a spec of at most 1000000 bytes, got more/,
  );
  expect(complaint("/dev/zero")).toMatch(/expected a spec of at most 1000000 bytes, got more/);
  rmSync(join(folder, "long.yaml"));
});
