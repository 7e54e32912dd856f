import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { importSource } from "../data/import/convert.ts";
import { greyPng, writeTree } from "../data/import/images.fixture.ts";
import { parseSpec } from "../spec/parse.ts";
import { dataSources } from "../spec/sources.ts";
import { makePlan } from "./plan.ts";

const base = mkdtempSync(join(tmpdir(), "sweepstake-source-"));
afterAll(() => rmSync(base, { recursive: true }));
vi.stubEnv("SWEEPSTAKE_DATA", join(base, "home"));

const text = (data: string) =>
  `{ name: own, data: ${data}, model: lenet-300-100, train: { epochs: 1, optimizer: { sgd: { lr: 0.1 } } } }`;
const file = join(base, "own.yaml");
const parse = (data: string) => parseSpec(text(data), file);

describe("a folder of images in a spec", () => {
  it("must be imported first, and then is a data set whose results do not depend on its place", async () => {
    for (const place of ["here", "there"])
      writeTree(join(base, place), {
        "train/a/0.png": greyPng(6, 5, (i) => i),
        "train/b/0.png": greyPng(6, 5, (i) => 2 * i),
        "test/a/0.png": greyPng(6, 5, (i) => 3 * i + 1),
      });
    expect(() => parse("{ folder: here }")).toThrow("sweepstake data import SPEC");
    writeFileSync(file, text("{ folder: here }"));
    for (const override of [[], ["data.folder=there"]])
      for (const source of dataSources(file, override)) await importSource(source);
    const [here, there] = ["here", "there"].map((place) => makePlan(parse(`{ folder: ${place} }`)));
    expect([...(there?.stages.keys() ?? [])]).toEqual([...(here?.stages.keys() ?? [])]);
    const setting = here?.spec.variants[0]?.setting.data;
    expect(setting).toMatchObject({ name: "imported", content: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
    expect(here?.spec.resolved).toMatchObject({ data: { folder: "here", validation: 0 } });
  });

  it("is found in every variant of a sweep", () => {
    writeFileSync(file, text("{ folder: here }").replace("name: own", "name: own, sweep: { data.side: [2, 3] }"));
    expect(dataSources(file, []).map(({ side, place }) => [side, place])).toEqual([
      [2, join(base, "here")],
      [3, join(base, "here")],
    ]);
  });

  it("is refused beside a name, without a place, and with wrong options", () => {
    expect(() => parse("{ folder: here, name: mnist }")).toThrow("expected one of name, folder");
    expect(() => parse("{ name: mnist, side: 8 }")).toThrow("expected side beside the place of images");
    expect(() => parse("{ folder: here, test: 1.5 }")).toThrow("expected a value below 1, got 1.5");
    expect(() => parse("{ folder: here, seed: 1 }")).toThrow("expected data.seed beside a share");
    expect(() => parse("{ side: 8 }")).toThrow("expected side beside the place of images");
  });
});
