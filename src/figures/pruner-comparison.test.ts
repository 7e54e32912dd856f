import { describe, expect, test } from "vitest";
import { fixtureResults } from "../analysis/fixture.ts";
import { existing, rows, symbols, texts } from "./drawing.fixture.ts";
import { prunerComparison } from "./pruner-comparison.ts";
import { renderSvg } from "./render.ts";

const seeds = 3;
const prunings = ["iterative", "one-shot", "admm"];

describe("the pruning settings in one plot", () => {
  const results = fixtureResults({ seeds, prunings });
  const figure = existing(prunerComparison(results));

  test("have a line for fine-tuning, solid, and one for tickets, dashed, in each setting's colour", async () => {
    const svg = await renderSvg(figure.spec);
    const lines = [...svg.matchAll(/<path [^>]*aria-roledescription="line mark"[^>]*>/g)].map(([line]) => ({
      color: /stroke="([^"]+)"/.exec(line)?.[1],
      dash: /stroke-dasharray="([^"]+)"/.exec(line)?.[1],
      start: /start: ([\w-]+)/.exec(line)?.[1],
    }));
    expect(lines).toHaveLength(2 * prunings.length * 2);
    for (const { dash, start } of lines) expect(start).toBe(dash === undefined ? "fine-tune" : "ticket");
    expect(lines.filter(({ dash }) => dash === undefined)).toHaveLength(2 * prunings.length);
    expect(new Set(lines.map(({ color }) => color)).size).toBe(prunings.length);
    // Means and seeds of two starts under three masks per setting and variant.
    expect(symbols(svg)).toHaveLength(2 * 2 * prunings.length * 3 * (seeds + 1));
    for (const text of [...prunings, "fine-tune", "ticket", "lr 0.01", "lr 0.1"]) expect(texts(svg)).toContain(text);
  });

  test("stand beside dense with its band, and leave out the other starts", () => {
    expect(rows(figure, "dense")).toHaveLength(2);
    expect(new Set(rows(figure, "seed").map(({ start }) => start))).toEqual(new Set(["fine-tune", "ticket"]));
    expect(figure.caption).toContain("Solid lines and filled marks: fine-tune. Dashed lines and open marks: ticket.");
  });

  test("are not drawn when there is only one, or when neither start is trained", () => {
    expect(prunerComparison(fixtureResults({ prunings: ["admm"] }))).toBeUndefined();
    expect(prunerComparison(fixtureResults({ prunings, starts: ["reinit"] }))).toBeUndefined();
  });

  test("name a setting of which nothing is done", async () => {
    const some = fixtureResults({
      prunings,
      rates: [0.1],
      status: ({ cell, seed }) =>
        cell?.pruning === "admm" ? "missing" : cell?.pruning === "one-shot" && seed === 1 ? "failed" : "done",
    });
    const partial = existing(prunerComparison(some));
    expect(partial.caption).toContain("Nothing to draw yet for admm.");
    expect(partial.caption).toContain("Left out: 24 of 57 runs (6 failed, 18 not run yet)");
    const svg = await renderSvg(partial.spec);
    expect(texts(svg)).toContain("admm");
    expect(symbols(svg)).toHaveLength(2 * 3 * (seeds + 1) + 2 * 3 * seeds);
  });

  test("can be drawn with one start", () => {
    const tickets = existing(prunerComparison(fixtureResults({ prunings, starts: ["ticket"] })));
    expect(tickets.title).toContain("of ticket against");
    expect(tickets.caption).not.toContain("Solid lines");
  });
});
