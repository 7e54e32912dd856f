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
