import { describe, expect, it } from "vitest";
import { z } from "zod";
import { parseOptions, Registry } from "./registry.ts";

const one = { name: "one", options: z.strictObject({ size: z.int().default(3) }) };
const two = { name: "two", options: z.strictObject({}) };

describe("a registry", () => {
  const registry = new Registry({ what: "a thing", where: "thing" }, [one, two]);

  it("finds by name, in the order of registration", () => {
    expect(registry.get("two")).toBe(two);
    expect(registry.find("three")).toBeUndefined();
    expect(registry.all()).toEqual([one, two]);
  });

  it("refuses an unknown name with the nearest ones, or with a hint of its own", () => {
    expect(() => registry.get("onw")).toThrow(
      'thing: expected the name of a thing, got "onw"\n  hint: did you mean "one"?',
    );
    const hinted = new Registry({ what: "a thing", where: "thing", hint: (name, nearest) => `${nearest}; ${name}!` }, [
      one,
    ]);
    expect(hinted.unknown("zzz").hint).toBe("known: one; zzz!");
  });

  it("reads options by the schema, with defaults, and says all that is wrong", () => {
    expect(parseOptions("thing", one, {})).toEqual({ size: 3 });
    expect(() => parseOptions("thing", one, { size: "x" })).toThrow(/options of thing one size: /);
    expect(() => parseOptions("thing", two, { more: 1 })).toThrow(/options of thing two: .*more/);
  });
});
