import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson, type Json, sha256 } from "./canonical-json.ts";
import { InternalError } from "./errors.ts";

function reversed(value: Json): Json {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return (value as readonly Json[]).map(reversed);
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, field]) => [key, reversed(field)]),
  );
}

/** Any JSON, as a program that does not know our types would hand it over. */
const anyJson = fc.jsonValue().map((value) => value as Json);

describe("canonicalJson", () => {
  it("writes exactly this text", () => {
    expect(canonicalJson({ b: [1, 0.1, 1e21, null], a: { z: true, y: "ü\n" }, B: {} })).toBe(
      '{"B":{},"a":{"y":"ü\\n","z":true},"b":[1,0.1,1e+21,null]}',
    );
  });

  it("writes JSON that parses to the same value, -0 being 0", () => {
    fc.assert(
      fc.property(anyJson, (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
      { seed: 5 },
    );
    expect(canonicalJson(-0)).toBe("0");
  });

  it("does not depend on the order of keys", () => {
    fc.assert(
      fc.property(anyJson, (value) => canonicalJson(reversed(value)) === canonicalJson(value)),
      { seed: 6 },
    );
  });

  it("leaves out fields that are undefined", () => {
    const optional: { a: number; b?: number } = { a: 1 };
    expect(canonicalJson({ ...optional, b: undefined } as unknown as Json)).toBe('{"a":1}');
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])("refuses %s", (value) => {
    expect(() => canonicalJson([value])).toThrow(InternalError);
    expect(() => canonicalJson([value])).toThrow(`internal: canonicalJson(): ${value} has no JSON form`);
  });
});

describe("sha256", () => {
  it("gives the published digests of FIPS 180-2", () => {
    expect(sha256("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    expect(sha256(new Uint8Array())).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  });
});
