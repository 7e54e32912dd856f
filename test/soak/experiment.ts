import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { sha256 } from "../../src/core/canonical-json.ts";
import { Store } from "../../src/store/store.ts";
import type { Finished } from "./commands.ts";

/** A small real experiment: two trainings with a kept epoch, a mask, a comparison; a second of computing. */
const text = `name: soak
data: { name: fashion-mnist, subset: 256, testSubset: 128 }
model: { name: lenet5, width: 0.5 }
train: { epochs: 2, batchSize: 32, optimizer: { sgd: { lr: 0.05 } } }
seeds: 1
prune: [{ one-shot: { sparsities: [0.5] } }]
retrain: [ticket]
`;

/** Writes the experiment's spec. @returns its path */
export function writeExperiment(folder: string): string {
  const path = join(folder, "soak.yaml");
  writeFileSync(path, text);
  return path;
}

/** SHA-256 of all that a store's objects hold, by key and name; times are not results. */
export function contentOf(out: string): Readonly<Record<string, string>> {
  const objects = join(out, "store", "objects");
  if (!existsSync(objects)) return {};
  const files = readdirSync(objects, { recursive: true, encoding: "utf8" }).filter((name) => {
    const file = basename(name);
    return file.includes(".") && file !== "record.json" && !file.startsWith("timing");
  });
  return Object.fromEntries(files.sort().map((name) => [name, sha256(readFileSync(join(objects, name)))]));
}

/** What is wrong with what a command printed: a bug's traces, or an end without a word. */
export function spokenProblems({ code, output }: Finished): readonly string[] {
  const trace = /\n\s+at .*:\d+|unexpected error|internal:|Error: .*\n\s+at /.exec(output)?.[0];
  return [
    ...(trace === undefined ? [] : [`a stack or an unexpected error: ${output.slice(-400)}`]),
    ...(/another version/.test(output) ? ["damage was taken for another version"] : []),
    ...(typeof code === "string" ? [`it ended by ${code}: ${output.slice(-300)}`] : []),
    ...(code !== 0 && !/cannot|damaged|failed|full|error|could not|expected/.test(output)
      ? ["it failed without a word"]
      : []),
  ];
}

/** What is wrong with the visible objects of a store: there must be none that is not whole. */
export function storeProblems(out: string): readonly string[] {
  const root = join(out, "store");
  if (!existsSync(root)) return [];
  const store = Store.open(root, () => undefined);
  return [...store.keys()].flatMap((key) => store.inspect(key).map((problem) => `object ${key}: ${problem}`));
}

/** What is wrong with a store that a last, undisturbed run has finished. */
export function finishedProblems(
  out: string,
  last: Finished,
  reference: Readonly<Record<string, string>>,
): readonly string[] {
  const content = contentOf(out);
  const differing = Object.keys({ ...reference, ...content }).filter((name) => content[name] !== reference[name]);
  const failures = join(out, "store", "failures");
  return [
    ...spokenProblems(last),
    ...(last.code === 0 ? [] : [`the undisturbed run ended with ${last.code}: ${last.output.slice(-300)}`]),
    ...differing.map((name) => `other bytes than the reference: ${join(basename(dirname(name)), basename(name))}`),
    ...storeProblems(out),
    ...(existsSync(failures) ? readdirSync(failures).map((name) => `a failure stays behind: ${name}`) : []),
  ];
}
