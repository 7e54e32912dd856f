import { describe, expect, it } from "vitest";
import { nearest, suggest } from "./nearest.ts";

const commands = ["demo", "doctor", "plan", "run", "status", "report", "compare", "prune"];

describe("nearest", () => {
  it.each([
    ["staus", ["status"]], // a letter missing
    ["reportt", ["report"]], // one too many
    ["dector", ["doctor"]], // one wrong
    ["pruen", ["prune"]], // two swapped, which counts as one
    ["PLAN", ["plan"]], // capitals do not count
  ])("finds %s", (name, expected) => {
    expect(nearest(name, commands)[0]).toBe(expected[0]);
  });

  it("gives the best first, at most three, ties by name", () => {
    expect(nearest("lr", ["la", "lr2", "lb", "lr", "lc"])).toEqual(["lr", "la", "lb"]);
  });

  it("gives nothing for what is far off", () => {
    expect(nearest("momentum", commands)).toEqual([]);
    expect(nearest("abcdefgh", ["abcxyzgh"])).toEqual([]); // three changes in eight letters; two are the limit
    expect(nearest("abcdefghi", ["abcxyzghi"])).toEqual(["abcxyzghi"]); // three in nine
  });
});

describe("suggest", () => {
  it("asks about the close ones", () => {
    expect(suggest("plam", commands)).toBe('did you mean "plan"?');
    expect(suggest("epoch", ["epochs", "epoc", "seeds"])).toBe('did you mean "epoc" or "epochs"?');
  });

  it("lists all when none is close", () => {
    expect(suggest("optimizer", ["data", "model"])).toBe("known: data, model");
  });
});
