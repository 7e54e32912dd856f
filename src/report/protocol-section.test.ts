import { expect, test } from "vitest";
import { fixtureResults } from "../analysis/fixture.ts";
import { parseSpec } from "../spec/parse.ts";
import { protocolSection } from "./protocol-section.ts";

test("the protocol shows the values of every field that differs between variants, once, and not the first variant's alone", () => {
  const spec = parseSpec(
    `name: pairs
data: cifar10
model: { name: lenet5, width: 2 }
train: { epochs: 2, optimizer: { sgd: { lr: 0.1 } } }
cases: [{ model: vgg11, data.name: cifar10 }, { model: resnet20, data.name: cifar100 }]
sweep: { train.optimizer.sgd.lr: [0.01, 0.1] }`,
    "pairs.yaml",
  );
  const page = protocolSection({ ...fixtureResults(), spec }).text;
  const rows = new Map(
    [...page.matchAll(/<code>(.*?)<\/code>.*?<td[^>]*>(.*?)<\/td>/g)].map((match) => [match[1], match[2]]),
  );
  expect(rows.get("model")).toBe("vgg11, resnet20 (swept)");
  expect(rows.get("data.name")).toBe("cifar10, cifar100 (swept)");
  expect(rows.get("train.optimizer.sgd.lr")).toBe("0.01, 0.1 (swept)");
  expect([...rows.keys()].filter((path) => path?.startsWith("model.") || path?.startsWith("cases"))).toEqual([]);
});

test("the protocol says which starts have a budget of their own", () => {
  const page = (retrain: string) => {
    const text = `{ name: a, data: cifar10, model: lenet5, train: { epochs: 5, optimizer: { sgd: { lr: 0.1 } } }, prune: [{ one-shot: { sparsities: [0.5] } }], retrain: ${retrain} }`;
    return protocolSection({ ...fixtureResults(), spec: parseSpec(text, "a.yaml") }).text;
  };
  expect(page("[ticket]")).toContain("All starts train for the same epochs");
  expect(page("[ticket]")).not.toContain("scratch-b");
  const both = page("[ticket, scratch-b, { lr-rewind: { epochs: 2 } }]");
  expect(both).toContain("All other starts train for the same epochs");
  expect(both).toContain("reinit is scratch-E");
  expect(both).toContain("for the last epochs of the schedule");
});
