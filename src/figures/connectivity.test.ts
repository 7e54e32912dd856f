import { expect, test } from "vitest";
import { fixtureResults } from "../analysis/fixture.ts";
import type { ConnectionResult, Results } from "../analysis/types.ts";
import { errorBarrier } from "../stats/connectivity.ts";
import { connectivityBarrier, connectivityPath } from "./connectivity.ts";
import type { Figure } from "./figure.ts";
import { renderPng, renderSvg } from "./render.ts";

const base = fixtureResults({ prunings: ["one-shot"], sparsities: [0.5], seeds: 2 });
const cell = base.arms.find((arm) => arm.cell !== undefined)?.cell;

/** A parabola whose height falls with the epoch and grows with the seed. */
function connection(variant: string, seed: number, epoch: number, isSparse: boolean): ConnectionResult {
  const path = [0, 0.25, 0.5, 0.75, 1].map((share) => ({
    share,
    error: 10 + (4 * share * (1 - share) * (20 + seed)) / (1 + epoch),
    loss: 1,
  }));
  return {
    variant,
    seed,
    epoch,
    ...(isSparse && cell !== undefined ? { cell } : {}),
    copies: ["a", "b"],
    connect: `c${variant}${seed}${epoch}${isSparse}`,
    status: "done",
    path,
    barrier: errorBarrier(path.map(({ error }) => error)),
  };
}

const results: Results = {
  ...base,
  connections: ["v0", "v1"].flatMap((variant) =>
    [0, 1].flatMap((seed) =>
      [0, 4].flatMap((epoch) => [false, true].map((isSparse) => connection(variant, seed, epoch, isSparse))),
    ),
  ),
};

function existing(figure: Figure | undefined): Figure {
  if (figure === undefined) throw new Error("expected a figure");
  return figure;
}

function pick(figure: Figure, row: Readonly<Record<string, unknown>>) {
  return figure.table.filter((found) => Object.entries(row).every(([key, value]) => found[key] === value));
}

test("the path shows the dense network's error by share, every seed and the mean", () => {
  const figure = existing(connectivityPath(results));
  expect(figure.table).toHaveLength(2 * 2 * (2 + 1) * 5);
  const middle = { variant: "lr 0.1", epoch: 4, share: 0.5 };
  expect(pick(figure, { ...middle, row: "seed" }).map(({ error }) => error)).toEqual([14, 14.2]);
  expect(pick(figure, { ...middle, row: "mean" }).map(({ error }) => error)).toEqual([expect.closeTo(14.1, 10)]);
});

test("the barrier is shown against the epoch, for the dense network and under the mask", () => {
  const figure = existing(connectivityBarrier(results));
  expect(figure.table).toHaveLength(2 * 2 * 2 * (2 + 1));
  for (const network of ["dense", "one-shot 50 %"])
    expect(
      pick(figure, { variant: "lr 0.01", network, row: "mean" }).map(({ epoch, barrier }) => [epoch, barrier]),
    ).toEqual([
      [0, expect.closeTo(20.5, 10)],
      [4, expect.closeTo(4.1, 10)],
    ]);
  const [first] = pick(figure, { variant: "lr 0.01", network: "dense", row: "seed" });
  expect(first?.key).toBe("cv000false");
  expect(figure.caption).toContain("below 2 points");
  expect(figure.caption).not.toContain("Left out");
});

test("both are drawn, also with a single variant, epoch and seed", async () => {
  const [one] = results.connections;
  if (one === undefined) throw new Error("no connection");
  const single = { ...results, connections: [one] };
  for (const some of [results, single])
    for (const figure of [connectivityPath(some), connectivityBarrier(some)]) {
      const svg = await renderSvg(existing(figure).spec);
      expect(svg).toContain("lr 0.01");
      expect(svg.includes("lr 0.1<")).toBe(some === results);
      expect(renderPng(svg, 1).subarray(1, 4).toString()).toBe("PNG");
    }
});

test("what is not finished is left out and said, and nothing is drawn of nothing", () => {
  const some = results.connections.map((found, i): ConnectionResult => {
    if (i > 0) return found;
    const { barrier: _, ...rest } = found;
    return { ...rest, status: "missing", path: [] };
  });
  expect(connectivityPath({ ...results, connections: some })?.caption).toContain("Left out: 1 pair of copies");
  expect(connectivityBarrier({ ...results, connections: some })?.caption).toContain("Left out: 1 pair of copies");
  expect(connectivityPath(base)).toBeUndefined();
  expect(connectivityBarrier(base)).toBeUndefined();
});
