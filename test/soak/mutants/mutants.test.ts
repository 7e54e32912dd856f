import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../../cli-runner.ts";
import { readers, tryMutants } from "./try.ts";

const folder = temporaryFolder();

describe("mutated files", () => {
  it.each(readers)("give a value or a named error, never anything else: $name", (reader) => {
    const { values, refused, violations } = tryMutants(reader, reader.prepare(folder), 1, [0, 300]);
    expect(violations).toEqual([]);
    expect(values + refused).toBe(300);
    // The mutations are neither too weak nor too strong to say anything.
    expect(refused).toBeLessThan(300);
  });
});
