import { describe, expect, it } from "vitest";
import type { Stage } from "../plan/types.ts";
import { stagesToDo } from "./stages-to-do.ts";

/** init → dense → mask → ticket (from init) and fine-tune (from dense); only the fields that count are filled in. */
function stage(kind: string, key: string, outputs: readonly string[], inputs: Readonly<Record<string, string>>): Stage {
  const refs = Object.entries(inputs).map(([from, output], i) => [`input${i}`, { key: from, output }] as const);
  return { kind, key, version: 1, outputs, parameters: {}, inputs: Object.fromEntries(refs) } as unknown as Stage;
}

const stages = new Map(
  [
    stage("init", "init", ["weights@0"], {}),
    stage("train", "dense", ["metrics", "weights@2"], { init: "weights@0" }),
    stage("mask", "mask", ["mask"], { dense: "weights@2" }),
    stage("train", "ticket", ["metrics", "weights@2"], { init: "weights@0", mask: "mask" }),
    stage("train", "fine-tune", ["metrics", "weights@2"], { dense: "weights@2", mask: "mask" }),
  ].map((each) => [each.key, each]),
);

/** @param kept outputs by stage; what is not named is not done */
function toDo(kept: Readonly<Record<string, readonly string[]>>, diverged: readonly string[] = []): readonly string[] {
  const isStored = (key: string, outputs: readonly string[]) =>
    kept[key] !== undefined && outputs.every((output) => kept[key]?.includes(output));
  const found = stagesToDo(stages, { isStored, isDiverged: (key) => diverged.includes(key) });
  return [...stages.keys()].filter((key) => found.has(key));
}

const exported = { init: [], dense: ["metrics"], mask: ["mask"], ticket: ["metrics"], "fine-tune": ["metrics"] };

describe("stagesToDo", () => {
  it("is everything in an empty store", () => {
    expect(toDo({})).toEqual(["init", "dense", "mask", "ticket", "fine-tune"]);
  });

  it("is nothing where all results are there, though no weights are", () => {
    expect(toDo(exported)).toEqual([]);
  });

  it("has the weights computed again that an unfinished stage reads, and those that these need in turn", () => {
    const { "fine-tune": _, ...others } = exported;
    expect(toDo(others)).toEqual(["init", "dense", "fine-tune"]);
    expect(toDo({ ...others, dense: ["metrics", "weights@2"] })).toEqual(["fine-tune"]);
    const { ticket: __, ...withoutTicket } = exported;
    expect(toDo(withoutTicket)).toEqual(["init", "ticket"]);
  });

  it("does not do without a result that is no weights", () => {
    expect(toDo({ ...exported, mask: [] })).toEqual(["init", "dense", "mask"]);
    expect(toDo({ ...exported, ticket: ["weights@2"] })).toEqual(["init", "ticket"]);
  });

  it("computes nothing for what can never run", () => {
    const { "fine-tune": _, dense: __, mask: ___, ...others } = exported;
    // dense diverged: mask and fine-tune stay undone, and init is not drawn for them
    expect(toDo(others, ["dense"])).toEqual(["dense", "mask", "fine-tune"]);
  });
});
