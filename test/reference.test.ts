import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { describeModel, models } from "../src/models/index.ts";
import { distances, float32Tolerance, float64Tolerance } from "./fixtures/agreement.ts";
import { type Group, readFixture } from "./fixtures/fixture.ts";
import { hashes } from "./fixtures/formulas.ts";
import { measureStep, measureTraining } from "./fixtures/measure.ts";

/** This engine against PyTorch: scripts/make-fixtures.py has the networks there, and says what is stored. */

/** Fixtures of one step and of a training; in float32 the training is compared, too. */
const trained = ["lenet-300-100", "lenet5", "conv2", "conv4", "conv6", "resnet20", "resnet20-identity"];
/** Of one step and of a training, whose derivatives float32 cannot be held to: some ReLU gets near its kink. */
const trainedInFloat64 = ["vgg11", "resnet18", "resnet32", "resnet56", "wrn", "mobilenet-v2"];
const oneStep = ["resnet44", "resnet110"];
/** Of one step of networks of full size, or large ones; for float32 as above. */
const oneStepInFloat64 = ["conv6-full", "vgg11-full", "resnet20-full", "resnet50", "mobilenet-v2-full"];
const names = [...trained, ...trainedInFloat64, ...oneStep, ...oneStepInFloat64];

const stepGroups: readonly Group[] = ["logits", "loss", "gradients", "statistics"];
const derived: readonly Group[] = ["gradients", "losses", "evaluated", "weights"];

describe.each(names)("%s agrees with PyTorch", (name) => {
  const fixture = readFixture(name);

  it("in its number of parameters", () => {
    expect(describeModel(fixture.model, fixture).parameters).toBe(fixture.parameters);
  });

  it("in float64: logits, loss, gradients, running statistics", () => {
    for (const [group, array, value] of distances(fixture, measureStep(fixture, "float64")))
      expect(value, `${group} ${array}`).toBeLessThan(float64Tolerance.step);
  });

  it("in float32, as far as ReLUs stay off their kinks", () => {
    for (const [group, array, value] of distances(fixture, measureStep(fixture, "float32"))) {
      if (group === "gradients" && oneStepInFloat64.includes(name)) continue;
      expect(value, `${group} ${array}`).toBeLessThan(float32Tolerance(fixture, group));
    }
  });

  if (fixture.learningRate !== null)
    it("over 20 masked steps of SGD in float64", () => {
      for (const [group, array, value] of distances(fixture, measureTraining(fixture, "float64")))
        expect(value, `${group} ${array}`).toBeLessThan(float64Tolerance.training);
    });

  if (trained.includes(name))
    it("over 20 masked steps of SGD in float32", () => {
      for (const [group, array, value] of distances(fixture, measureTraining(fixture, "float32")))
        expect(value, `${group} ${array}`).toBeLessThan(float32Tolerance(fixture, group));
    });
});

describe("the fixtures", () => {
  it("are all there, for every model, and hold what they should", () => {
    const files = readdirSync(join(import.meta.dirname, "fixtures")).filter((file) => file.endsWith(".json"));
    expect(files.sort()).toEqual(names.map((name) => `${name}.json`).sort());
    const builtIn = new Set(
      models
        .all()
        .map(({ name }) => name)
        .filter((name) => name !== "torchscript"),
    ); // its fixtures: torchscript.test.ts
    const fixtures = new Map(names.map((name) => [name, readFixture(name)]));
    expect(new Set([...fixtures.values()].map(({ model }) => model.name))).toEqual(builtIn);
    for (const [name, { learningRate, results, float32Distance }] of fixtures) {
      const trains = trained.includes(name) || trainedInFloat64.includes(name);
      expect(learningRate !== null, name).toBe(trains);
      const statistics = results.has("statistics") ? 1 : 0;
      expect(results.size, name).toBe(trains ? 6 + statistics : 3 + statistics);
      const inFloat32 = [...results.keys()].filter((group) => {
        if (trained.includes(name)) return true;
        return stepGroups.includes(group) && !(oneStepInFloat64.includes(name) && derived.includes(group));
      });
      expect(Object.keys(float32Distance).sort(), name).toEqual(inFloat32.sort());
    }
  });

  it("come from integer formulas: FNV-1a as published, and an even mixer", () => {
    // The hash of the empty text and the index 0 is the mixed offset basis, that of one letter the mixed FNV-1a of "a", 0xe40c292c.
    const mix = (x: number) => {
      const y = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
      const z = Math.imul(y ^ (y >>> 13), 0xc2b2ae35);
      return (z ^ (z >>> 16)) >>> 0;
    };
    expect(hashes("", 1)[0]).toBe(mix(0x811c9dc5));
    expect(hashes("a", 1)[0]).toBe(mix(0xe40c292c));
    const drawn = hashes("even", 40_000);
    // Each bit is set in half of the draws: six standard deviations of 100.
    for (let bit = 0; bit < 32; bit++)
      expect(Math.abs(drawn.reduce((n, x) => n + ((x >>> bit) & 1), 0) - 20_000)).toBeLessThan(600);
  });
});
