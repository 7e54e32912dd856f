import { describe, expect, it } from "vitest";
import { models } from "../../src/models/index.ts";
import { setThreads } from "../../src/tensor/engine.ts";
import { Repeater } from "./bits.ts";
import { type Case, cases, isFull } from "./cases.ts";

/** Every fifth repeat is interrupted after its first step, and another training goes on from the checkpoint's bytes. */
const resumed = (repeat: number) => repeat % 5 === 4;

/**
 * Twenty. Several threads wait for each other after every operation, and oneDNN's bfloat16 ones do so without giving up the core:
 * where cores are busy that takes seconds per repeat, so there are five then, but for the full size.
 */
function repeatsOf({ isDeep }: Case, precision: string, threads: number): number {
  return threads > 1 && !isFull && (isDeep === true || precision === "bfloat16") ? 5 : 20;
}

/** As vitest tests: masked trainings of every model, with so many threads, leave the same bits each time. */
export function testRepeats(threads: number): void {
  describe.each(cases)("$title", (tested) => {
    const repeater = new Repeater(tested);

    it.each(tested.precisions)(
      "leaves the same bits in %s, repeated and resumed",
      async (precision) => {
        setThreads(threads);
        const repeats = repeatsOf(tested, precision, threads);
        const hashes: string[] = [];
        for (let repeat = 0; repeat < repeats; repeat++)
          hashes.push(await repeater.run(precision, resumed(repeat) ? 1 : undefined));
        const [first] = hashes;
        const different = hashes.flatMap((hash, repeat) => (hash === first ? [] : [repeat]));
        expect(different, `repeats of ${repeats} that differ from the first`).toEqual([]);
      },
      isFull ? 3_600_000 : 300_000,
    );
  });

  it("covers every model", () => {
    expect(new Set(cases.map(({ model }) => model.name))).toEqual(new Set(models.all().map(({ name }) => name)));
  });
}
