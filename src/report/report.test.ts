import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { correlationGroups } from "../analysis/correlations.ts";
import { fixtureResults } from "../analysis/fixture.ts";
import { accuracyText, rpText } from "../analysis/format.ts";
import { armGroups } from "../analysis/groups.ts";
import type { Results } from "../analysis/types.ts";
import { escapeHtml } from "./html.ts";
import { reportPage } from "./page.ts";
import { flatten } from "./protocol-section.ts";
import { writeReport } from "./write-report.ts";

const results = fixtureResults({
  seeds: 4,
  status: ({ variant, seed, start, cell }) =>
    variant === "v1" && seed === 2 && start === "ticket" && cell?.sparsity === 0.9 ? "diverged" : "done",
});

let folder: string;
let files: readonly string[];
let page: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "sweepstake-report-"));
  files = await writeReport(results, folder);
  page = readFileSync(join(folder, "report.html"), "utf8");
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

/** Cells of a table's body as text, by the table's place after a heading. */
function tableAfter(text: string, heading: string): readonly (readonly string[])[] {
  const at = text.indexOf(`>${heading}</h3>`);
  if (at < 0) throw new Error(`no heading ${heading}`);
  const body = text.slice(text.indexOf("<tbody>", at), text.indexOf("</tbody>", at));
  return body
    .split("<tr>")
    .slice(1)
    .map((row) =>
      row
        .split(/<t[hd][^>]*>/)
        .slice(1)
        .map((cell) =>
          cell
            .replaceAll(/<[^>]*>/g, " ")
            .replaceAll("\u00a0", " ")
            .replaceAll(/\s+/g, " ")
            .trim(),
        ),
    );
}

describe("the files", () => {
  test("are the page first, the data, and every figure in five forms; nothing else is left", () => {
    const names = files.map((file) => relative(folder, file));
    expect(names.slice(0, 4)).toEqual(["report.html", "results.csv", "correlations.csv", "results.json"]);
    const figures = [
      "accuracy-iterative",
      "accuracy-one-shot",
      "accuracy-pruners",
      "correlation-iterative",
      "correlation-one-shot",
      "correlation-pre-training",
      "learning-curves",
    ];
    expect(readdirSync(join(folder, "figures")).sort()).toEqual(
      figures.flatMap((name) => ["csv", "pdf", "png", "svg", "vl.json"].map((kind) => `${name}.${kind}`)),
    );
    expect(names).toHaveLength(4 + 35);
  });

  test("are the same bytes when written again", async () => {
    const again = mkdtempSync(join(tmpdir(), "sweepstake-report-"));
    for (const file of await writeReport(results, again))
      expect(readFileSync(file).equals(readFileSync(join(folder, relative(again, file))))).toBe(true);
    rmSync(again, { recursive: true });
  });
});

describe("the page", () => {
  test("loads nothing: no outside address, script, style sheet, image or font", () => {
    const sources = [...page.matchAll(/\b(?:src|href|xlink:href|action|data)\s*=\s*["']?([^"'\s>]*)/g)].map(
      (match) => match[1] ?? "",
    );
    expect(sources.length).toBeGreaterThan(0);
    const own =
      /^(figures\/[\w-]+\.(csv|svg|pdf|png|vl\.json)|results\.(csv|json)|correlations\.csv|#run-[0-9a-f]{12})$/;
    expect(sources.filter((address) => !own.test(address))).toEqual([]);
    expect([...page.matchAll(/url\(([^)]*)\)/g)].filter((match) => !match[1]?.startsWith("#"))).toEqual([]);
    expect(page).not.toMatch(/<(script|link|img|iframe|object|embed|base)\b|@import|@font-face/i);
    expect(page).toContain("default-src &#39;none&#39;");
  });

  test("has every figure inside, and no id twice", () => {
    expect(page.match(/<svg /g)).toHaveLength(7);
    const ids = [...page.matchAll(/\bid="([^"]*)"/g)].map((match) => match[1]);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, id] of page.matchAll(/url\(#([^)]*)\)/g)) expect(ids).toContain(id);
  });

  test("gives every accuracy with n and range, equal to the results", () => {
    for (const { id, label } of results.spec.variants) {
      const table = tableAfter(page, `Test accuracy, ${label}`);
      const groups = armGroups(results).filter(({ variant }) => variant === id);
      expect(table).toHaveLength(6);
      for (const [mask, ...cells] of table) {
        const names = ["dense", "ticket", "reinit", "rewind (epoch 2)", "fine-tune"];
        for (const [i, name] of names.entries()) {
          const group = groups.find(
            (candidate) =>
              candidate.name === name &&
              (candidate.cell === undefined ||
                mask?.startsWith(`${candidate.cell.pruning} ${100 * candidate.cell.sparsity} %`)),
          );
          const values = group?.arms.flatMap(({ finalAccuracy }) => finalAccuracy ?? []) ?? [];
          const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
          expect(cells[i]).toMatch(/^\d+\.\d\d ± \d\.\d\d n \d, \d+\.\d\d to \d+\.\d\d/);
          expect(cells[i]).toMatch(new RegExp(`^${accuracyText(mean)} ± `));
          expect(cells[i]).toContain(
            `n ${values.length}, ${accuracyText(Math.min(...values))} to ${accuracyText(Math.max(...values))}`,
          );
        }
      }
    }
    expect(tableAfter(page, "Test accuracy, lr 0.1")[2]?.[2]).toContain("n 3,");
    expect(tableAfter(page, "Test accuracy, lr 0.1")[2]?.[2]).toContain("seed 2 diverged");
  });

  test("gives R_p of pre-training at every p and under masks at 0.2, each with its null, z, p-value and n", () => {
    const table = tableAfter(page, "Correlation: <i>R</i><sub>p</sub> against its null");
    const groups = correlationGroups(results).filter(({ cell, p }) => cell === undefined || p === 0.2);
    expect(table).toHaveLength(groups.length);
    for (const [i, row] of table.entries()) {
      const group = groups[i];
      expect(row[2]).toBe(group?.measure);
      expect(row[4]).toMatch(new RegExp(`^${rpText(group?.rp.mean ?? -1).replace(" %", "")} ± \\d+\\.\\d %$`));
      expect(row[5]).toBe(rpText(group?.nullMean ?? -1));
      expect(row[6]).toMatch(/^−?\d/);
      expect(row[7]).toMatch(/\d/);
      expect(row[8]).toBe("4");
    }
  });

  test("leads from every seed's point to the row of its run, and says there how to look at it", () => {
    const links = [...page.matchAll(/<a href="#(run-[0-9a-f]+)"[^>]*><\w+ [^>]*><title>([^<]*)<\/title>/g)];
    const drawn = results.arms.filter(({ status }) => status === "done").length;
    // Every run is a point in its own figure, and tickets and fine-tuning once more in that of all pruning settings.
    expect(links.length).toBeGreaterThan(drawn);
    for (const { train, start, seed } of results.arms.filter(
      ({ status, start: s }) => status === "done" && s !== "dense",
    )) {
      const own = links.filter(([, id]) => id === `run-${train.slice(0, 12)}`);
      expect(own.length).toBe(start === "ticket" || start === "fine-tune" ? 2 : 1);
      for (const [, , title] of own) expect(title).toMatch(new RegExp(`^${start}.*, seed ${seed}: [\\d.]+ %$`));
      expect(page).toContain(`<tr id="run-${train.slice(0, 12)}">`);
    }
    expect(page).toMatch(/cat \.\.\/\.\.\/store\/objects\/([0-9a-f]{2})\/\1[0-9a-f]{62}\/metrics\.jsonl/);
  });

  test("has every figure as one image with an alternative text", () => {
    const images = [...page.matchAll(/<svg role="img" aria-label="([^"]+)"[^>]*>(.*?)<\/svg>/gs)];
    expect(images).toHaveLength(7);
    for (const [, text, inner] of images) {
      expect(text?.length).toBeGreaterThan(100);
      expect(inner).not.toMatch(/aria-|role=/);
    }
    const headings = [...page.matchAll(/<h([1-6])/g)].map((match) => Number(match[1]));
    expect(headings[0]).toBe(1);
    for (const [i, level] of headings.entries())
      if (i > 0) expect(level - (headings[i - 1] ?? 0)).toBeLessThanOrEqual(1);
  });

  test("has a caption for every figure, with what is left out", () => {
    expect(page.match(/<figcaption>/g)).toHaveLength(7);
    expect(page).toContain("Left out: lr 0.1, ticket, iterative 90\u00a0%, seed 2 (diverged).");
  });

  test("writes out the protocol and marks what the paper leaves open", () => {
    const row = (path: string, here: string, paper: string) =>
      `<th><code>${path}</code></th><td class="text wrap">${here}</td><td class="text wrap">${paper}</td>`;
    expect(page).toContain(row("train.optimizer.sgd.weightDecay", "0.0005", "does not say"));
    expect(page).toContain(row("train.optimizer.sgd.momentum", "0.9", "0.9"));
    expect(page).toContain(row("train.optimizer.sgd.lr", "0.01, 0.1 (swept)", "0.01 and 0.1"));
    expect(page).toContain(row("train.epochs", "10", "150"));
    expect(page).toContain(row("name", "fixture", "–"));
    for (const [path] of flatten(results.spec.resolved))
      if (!path.startsWith("sweep.")) expect(page).toContain(`<code>${path}</code>`);
  });

  test("has the key of every run, what it was computed with, and the cost", () => {
    for (const { train } of results.arms) expect(page).toContain(`<code>objects/${train.slice(0, 2)}/${train}</code>`);
    for (const text of ["1.13.1", "Imaginary CPU &lt;9000&gt;", "v20.19.2", "float32", "2.0 core-hours"])
      expect(page).toContain(text);
    expect(page).toContain("200 trainings (400 without sharing), all finished");
    expect(page).toContain("2.0 times the work");
  });
});

describe("a spec from a stranger", () => {
  test("is escaped wherever it appears", () => {
    const hostile = `"><script>alert(1)</script><img src=x onerror='alert(2)'>&amp;`;
    const [variant, ...others] = results.spec.variants;
    if (variant === undefined) throw new Error("no variant");
    const spec: Results["spec"] = {
      ...results.spec,
      name: hostile,
      question: hostile,
      variants: [{ ...variant, label: hostile }, ...others],
      resolved: { [hostile]: hostile },
    };
    const arms = results.arms.map((arm) =>
      arm.cell === undefined ? arm : { ...arm, cell: { ...arm.cell, pruning: hostile } },
    );
    const stages = results.stages.map((stage) => ({
      ...stage,
      label: hostile,
      status: "failed" as const,
      reason: hostile,
    }));
    const text = reportPage({ ...results, spec, arms, stages }, [
      {
        figure: {
          name: "figure",
          title: hostile,
          caption: hostile,
          width: "column",
          table: [],
          spec: { data: { values: [] }, mark: "point" },
        },
        svg: "<svg></svg>",
      },
    ]);
    expect(text).not.toMatch(/<script|<img|onerror='/);
    expect(text).toContain(escapeHtml(hostile));
  });
});

describe("one seed", () => {
  const one = fixtureResults({ seeds: 1 });
  const text = reportPage(one, []);

  test("is undecided everywhere, and says that it cannot decide", () => {
    expect(text.match(/class="badge undecided"/g)).toHaveLength(2 * 12);
    expect(text).not.toMatch(/class="badge (holds|fails)"/);
    expect(text).toContain("one seed cannot decide, at least 2 are needed");
  });

  test("has no p-value, interval or spread of an accuracy", () => {
    const verdicts = tableAfter(text, "Winning property");
    expect(verdicts).toHaveLength(12);
    for (const row of verdicts) {
      expect(row[3]).toMatch(/^[+−]?\d+\.\d\d$/);
      expect([row[4], row[6]]).toEqual(["undecided", "undecided"]);
    }
    const section = text.slice(text.indexOf("<h2>Verdicts"), text.indexOf("<h2>Figures"));
    expect(section).not.toMatch(/\bp [<\d]|\bp =|CI/);
    expect(tableAfter(text, "Test accuracy, lr 0.1").flat().join(" ")).not.toContain("±");
  });
});

test("an experiment of which nothing is done yet has a page that says so", async () => {
  const empty = fixtureResults({ status: () => "missing" });
  const none = {
    ...empty,
    comparisons: empty.comparisons.map((c) => ({ ...c, status: "missing" as const, points: [] })),
  };
  const other = mkdtempSync(join(tmpdir(), "sweepstake-report-"));
  const written = await writeReport(none, other);
  expect(written).toHaveLength(4);
  const text = readFileSync(join(other, "report.html"), "utf8");
  expect(text).toContain("No training is done yet");
  expect(text).toContain("0 of 150 runs done");
  expect(text).toContain("no seed has both ticket and dense");
  expect(text).toContain("<h3>Not done</h3>");
  rmSync(other, { recursive: true });
});

test("a resolved spec is flattened to its leaves", () => {
  expect(flatten({ a: { b: [1, 2], c: [{ d: "x" }, { e: null }] }, f: true })).toEqual([
    ["a.b", "1, 2"],
    ["a.c[0].d", "x"],
    ["a.c[1].e", "null"],
    ["f", "true"],
  ]);
});
