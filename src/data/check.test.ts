import { describe, expect, it } from "vitest";
import { dataSets } from "./catalog.ts";
import { checkData, describeData } from "./check.ts";

describe("dataSets", () => {
  it("knows the four sets under their names, with unique folders", () => {
    expect(dataSets.all().map(({ name }) => name)).toEqual(["fashion-mnist", "mnist", "cifar10", "cifar100"]);
    expect(new Set(dataSets.all().map(({ folder }) => folder)).size).toBe(dataSets.all().length);
  });

  it("suggests the nearest name", () => {
    expect(() => dataSets.get("cifar-10")).toThrow(
      'data.name: expected the name of a data set, got "cifar-10"\n  hint: did you mean "cifar10" or "cifar100"?',
    );
    expect(() => dataSets.get("imagenet")).toThrow("known: fashion-mnist, mnist, cifar10, cifar100");
  });
});

describe("describeData", () => {
  it("counts images after subset and split", () => {
    expect(describeData({ name: "cifar100" })).toEqual({
      classes: 100,
      shape: [3, 32, 32],
      train: 50000,
      validation: 0,
      test: 10000,
    });
    expect(describeData({ name: "cifar10", validation: 5000 })).toMatchObject({
      train: 45000,
      validation: 5000,
      test: 10000,
    });
    expect(describeData({ name: "fashion-mnist", subset: 1000, validation: 59000, testSubset: 1 })).toEqual({
      classes: 10,
      shape: [1, 28, 28],
      train: 1000,
      validation: 59000,
      test: 1,
    });
    expect(describeData({ name: "mnist", subset: 60000, testSubset: 10000, validation: 0 })).toMatchObject({
      train: 60000,
      test: 10000,
    });
  });

  it("throws all issues at once", () => {
    expect(() => describeData({ name: "mnist", subset: 0, testSubset: 10001 })).toThrow(
      /^data.subset: .*\n.*\ndata.testSubset: /,
    );
  });
});

describe("checkData", () => {
  it.each([
    [
      { name: "cifar10", subset: 50001 },
      "data.subset",
      "expected a whole number from 1 to 50000, got 50001: CIFAR-10 has 50000 training images",
    ],
    [
      { name: "cifar10", subset: 45001, validation: 5000 },
      "data.subset",
      "expected a whole number from 1 to 45000, got 45001: CIFAR-10 has 50000 training images, 5000 of them split off for validation",
    ],
    [
      { name: "cifar10", subset: 0 },
      "data.subset",
      "expected a whole number from 1 to 50000, got 0: CIFAR-10 has 50000 training images",
    ],
    [
      { name: "cifar10", subset: 1.5 },
      "data.subset",
      "expected a whole number from 1 to 50000, got 1.5: CIFAR-10 has 50000 training images",
    ],
    [
      { name: "cifar10", subset: Number.NaN },
      "data.subset",
      "expected a whole number from 1 to 50000, got NaN: CIFAR-10 has 50000 training images",
    ],
    [
      { name: "mnist", testSubset: 10001 },
      "data.testSubset",
      "expected a whole number from 1 to 10000, got 10001: MNIST has 10000 test images",
    ],
    [
      { name: "mnist", testSubset: 0 },
      "data.testSubset",
      "expected a whole number from 1 to 10000, got 0: MNIST has 10000 test images",
    ],
    [
      { name: "mnist", validation: 60000 },
      "data.validation",
      "expected a whole number from 0 to 59999, got 60000: MNIST has 60000 training images, of which at least one must remain",
    ],
    [
      { name: "mnist", validation: -1 },
      "data.validation",
      "expected a whole number from 0 to 59999, got -1: MNIST has 60000 training images, of which at least one must remain",
    ],
    [{ name: "mnist", path: "" }, "data.path", "expected a folder, got an empty text"],
    [{ name: "Mnist" }, "data.name", 'expected the name of a data set, got "Mnist"'],
  ])("finds the one fault of %j", (spec, where, message) => {
    expect(checkData(spec).map((issue) => [issue.where, issue.message])).toEqual([[where, message]]);
  });

  it("finds several faults at once and none in a correct spec", () => {
    const faults = checkData({ name: "mnist", path: "", subset: 10, validation: 1e6, testSubset: -3 });
    expect(faults.map(({ where }) => where)).toEqual(["data.path", "data.validation", "data.testSubset"]);
    expect(checkData({ name: "mnist", path: "x", subset: 1, validation: 59999, testSubset: 10000 })).toEqual([]);
  });
});
