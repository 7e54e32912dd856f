import { expect, test } from "vitest";
import { startPalette } from "./theme.ts";

test("every start has its own colour and shape, and so have further lengths of learning-rate rewinding", () => {
  const kinds = ["dense", "ticket", "reinit", "scratch-b", "rewind", "lr-rewind", "fine-tune"] as const;
  const one = startPalette(kinds.map((start) => ({ start, name: start })));
  expect([new Set(one.colors).size, new Set(one.shapes).size]).toEqual([kinds.length, kinds.length]);
  const lengths = startPalette([1, 2, 3].map((t) => ({ start: "lr-rewind", name: `lr-rewind (${t} epochs)` })));
  expect([new Set(lengths.colors).size, new Set(lengths.shapes).size]).toEqual([3, 3]);
});
