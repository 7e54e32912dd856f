import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const source = resolve(import.meta.dirname, "../src");

/** A file may import from its own folder and from the folders before it, so data flows one way. */
const layers = [
  "core",
  "tensor",
  "nn",
  "data",
  "masks",
  "allocations",
  "checkpoints",
  "models",
  "pruners",
  "train",
  "stats",
  "spec",
  "plan",
  "paper",
  "store",
  "run",
  "analysis",
  "export",
  "claims",
  "figures",
  "report",
  "serve",
  "cli",
];

function imports(file: string): string[] {
  const text = readFileSync(file, "utf8");
  return [...text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)].map((match) =>
    resolve(dirname(file), match[1] ?? ""),
  );
}

function wrongImports(file: string): string[] {
  const layer = relative(source, file).split("/")[0] ?? "";
  return imports(file)
    .map((target) => relative(source, target).split("/")[0] ?? "")
    .filter((target) => layers.indexOf(target) > layers.indexOf(layer) || !layers.includes(target))
    .map((target) => `${relative(source, file)} imports ${target}`);
}

const files = readdirSync(source, { recursive: true, encoding: "utf8" })
  .filter((name) => /\.tsx?$/.test(name) && name.includes("/"))
  .map((name) => join(source, name));

describe("the direction of imports", () => {
  it("knows every folder of src", () => {
    const folders = readdirSync(source, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(folders.map((entry) => entry.name).sort()).toEqual([...layers].sort());
  });

  it("is upwards in the list of layers only", () => {
    expect(files.length).toBeGreaterThan(50);
    expect(files.flatMap(wrongImports)).toEqual([]);
  });

  it("leaves the native addon to src/tensor alone", () => {
    const others = files.filter((file) => !relative(source, file).startsWith("tensor/") && !file.endsWith(".test.ts"));
    expect(others.filter((file) => readFileSync(file, "utf8").includes("sweepstake.node"))).toEqual([]);
  });
});

describe("the size of files", () => {
  it("stays at 300 lines at most", () => {
    const long = files
      .map((file) => ({ file: relative(source, file), lines: readFileSync(file, "utf8").split("\n").length - 1 }))
      .filter(({ lines }) => lines > 300);
    expect(long).toEqual([]);
  });
});
