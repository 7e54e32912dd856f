import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fixtureResults } from "../analysis/fixture.ts";
import { paperNumbers } from "../analysis/paper-numbers.ts";
import type { PaperContext, ReportedNumber } from "../paper/types.ts";
import { paperSection } from "./paper-section.ts";
import { reportFigures } from "./report-figures.ts";
import { writeReport } from "./write-report.ts";

const setting = { source: "Section 4.1", model: "lenet5", data: "fashion-mnist" };
const reported: readonly ReportedNumber[] = [
  { ...setting, lr: 0.1, quantity: { kind: "accuracy", start: "dense" }, value: 92 },
  {
    ...setting,
    lr: 0.1,
    quantity: { kind: "accuracy", start: "ticket", pruning: "iterative", sparsity: 0.62 },
    value: 90.04,
  },
  {
    ...setting,
    lr: 0.1,
    quantity: { kind: "correlation", measure: "fine-tune to pre-trained", p: 0.2, pruning: "admm", sparsity: 0.5 },
    value: 63.97,
  },
];
const paper: PaperContext = {
  id: "T1",
  title: "Correlations <with> θ0",
  shows: "R_p is about 20 %.",
  note: "Masks are <ours>.",
  draws: ["mask-correlation"],
  scale: "small",
  scaleNote: "small scale: 5 of 150 epochs, 6,400 of 50,000 images",
  reported,
};
const results = fixtureResults({ rates: [0.1], prunings: ["admm"], sparsities: [0.5], seeds: 3 });

let folder: string;
let files: readonly string[];
const read = (name: string) => readFileSync(join(folder, name), "utf8");
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "sweepstake-paper-"));
  files = await writeReport(results, folder, paper);
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

describe("a report of one of the paper's tables", () => {
  test("is labelled with table and scale in the page's head, and in every title, caption and drawing", () => {
    const page = read("report.html");
    const head = page.slice(page.indexOf("<header>"), page.indexOf("</header>"));
    expect(head).toContain("<b>Table 1 of the paper</b>: Correlations &lt;with&gt; θ0.");
    expect(head).toContain(paper.scaleNote);
    expect(head).toContain("In the paper: <i>R</i><sub>p</sub> is about 20\u00a0%. <br>Masks are &lt;ours&gt;.");
    const figures = reportFigures(results, paper);
    expect(figures.length).toBeGreaterThan(3);
    expect(figures[0]?.name).toBe("correlation-admm"); // what Table 1 has comes first
    expect(reportFigures(results)[0]?.name).toBe("accuracy-admm");
    expect(figures.map(({ name }) => name).toSorted()).toEqual(
      reportFigures(results)
        .map(({ name }) => name)
        .toSorted(),
    );
    for (const { name, title, caption } of figures) {
      expect(title).toContain("(Table 1, small scale)");
      expect(caption).toContain("At small scale: 5 of 150 epochs, 6,400 of 50,000 images.");
      const svg = read(join("figures", `${name}.svg`))
        .replaceAll(/<[^>]*>/g, " ")
        .replaceAll(/\s+/g, " ");
      expect(svg).toContain("Table 1 of the paper at small scale: 5 of 150");
    }
  });

  test("lists paper, ours, difference and interval, R_p with its null, and says what is missing", () => {
    const page = read("report.html");
    const from = page.indexOf("<h2>The paper’s numbers</h2>");
    const rows = page
      .slice(page.indexOf("<tbody>", from), page.indexOf("</tbody>", from))
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
    const [dense, , tuned] = paperNumbers(results, reported);
    expect(rows).toHaveLength(3);
    const shift = (dense?.ours?.difference ?? 0).toFixed(2).replace("-", "−");
    expect(rows[0]?.slice(1)).toEqual([
      "92.00",
      expect.stringMatching(/^9\d\.\d\d ± 0\.\d\d n 3$/) as string,
      shift,
      expect.stringMatching(/^−\d\.\d\d to −?\+?\d\.\d\d$/) as string,
    ]);
    expect(rows[1]?.slice(1)).toEqual(["90.04", "–", "–", "no iterative mask at 62 %"]);
    expect(rows[2]?.[2]).toBe(
      `${tuned?.ours?.spread.mean.toFixed(2)} ± ${tuned?.ours?.spread.sd?.toFixed(2)} null 40.00, n 3`,
    );
    expect(rows[2]?.[0]).toContain("Section 4.1");
  });

  test("has the numbers in a file of its own, and comes after the verdicts", () => {
    expect(files.map((file) => basename(file))).toContain("paper-numbers.csv");
    expect(read("paper-numbers.csv").split("\n")).toHaveLength(1 + 3 + 1);
    const page = read("report.html");
    expect(page.indexOf("<h2>Verdicts")).toBeLessThan(page.indexOf("<h2>The paper’s numbers"));
    expect(page).toContain('href="paper-numbers.csv"');
  });
});

test("one seed has no interval, and a figure without numbers says so", () => {
  const one = fixtureResults({ seeds: 1, rates: [0.1] });
  expect(paperSection(one, paper, paperNumbers(one, reported.slice(0, 1))).text).toContain("one seed: no interval");
  expect(paperSection(one, paper, []).text).toContain("The paper states no number for Table 1");
});

test("a long note is cut in the drawing, and whole in the caption", () => {
  const long = { ...paper, scaleNote: `small scale: ${"many changes by hand, ".repeat(40)}` };
  for (const { caption, spec } of reportFigures(results, long)) {
    expect(caption).toContain(long.scaleNote);
    const { text } = spec.title as { readonly text: readonly string[] };
    expect(text).toHaveLength(4);
    expect(text.at(-1)).toMatch(/ …$/);
  }
});
