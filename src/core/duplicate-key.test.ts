import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { duplicateKey } from "./duplicate-key.ts";

describe("duplicateKey", () => {
  it.each([
    ['{"a":1,"a":2}', ["a"]],
    ['{"a" : 1, "b":{}, "a"\n:2}', ["a"]],
    ['{"x":[{"k":1},{"k":1,"k":2}]}', ["x", "k"]],
    ['{"x":{"a":"}{","y":1,"a":0}}', ["x", "a"]],
    [String.raw`{"a":1,"\u0061":2}`, ["a"]],
    [String.raw`{"\"":1,"b":"\\","\"":2}`, ['"']],
    ['{"":1,"":2}', [""]],
    ['{"__proto__":1,"__proto__":2}', ["__proto__"]],
  ])("finds the key of %s", (text, path) => {
    expect(duplicateKey(text)).toEqual(path);
  });

  it.each([
    "1",
    '"a"',
    "[]",
    '["a","a"]',
    '{"a":"a"}',
    '{"a":{"a":{"a":1}}}',
    '[{"a":1},{"a":1}]',
    '{"a":"\\"a\\":1","b":1}',
  ])("finds none in %s", (text) => {
    expect(duplicateKey(text)).toBeUndefined();
  });

  it("finds none in whatever JSON.stringify writes", () => {
    fc.assert(
      fc.property(fc.json(), (text) => duplicateKey(text) === undefined),
      { seed: 4, numRuns: 500 },
    );
  });
});
