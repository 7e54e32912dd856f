import { expect, test } from "vitest";
import { claims, judgeClaims } from "../claims/judge.ts";
import { worldResults } from "../claims/world.fixture.ts";
import { claimsPage } from "./claims-page.ts";

const page = claimsPage(
  judgeClaims([worldResults(), worldResults({ rates: [0.1], model: "conv2" })], "tiny <5 epochs>"),
);

test("the page shows every claim in every setting with its outcome, and the scale", () => {
  expect(page).toContain("tiny &lt;5 epochs&gt;");
  for (const { id } of claims) expect(page).toContain(`<section id="claim-${id}">`);
  const badges = [...page.matchAll(/<h3><span class="badge (\w+)">([a-z ]+)<\/span>/g)].map(
    ([, look, word]) => `${look} ${word}`,
  );
  expect(badges).toHaveLength(2 * claims.length);
  expect(badges.filter((badge) => badge === "holds confirmed").length).toBeGreaterThan(8);
  expect(badges).toContain("undecided not run");
});

test("it is complete in itself: no scripts, nothing loaded", () => {
  expect(page).not.toMatch(/<script|<link|src=|https?:/);
  expect(page).toContain("default-src &#39;none&#39;");
});

test("claims that rest on ADMM masks which have not converged carry a caution", () => {
  // The fixture's prunings have converged but for sparsity 0.9, which claim 7 is not about.
  const open = claimsPage(judgeClaims([worldResults({ sparsities: [0.3, 0.5, 0.9] })], "x"));
  expect(open.match(/<b>Caution: 3 of 9 ADMM prunings behind this have not converged/g)).toHaveLength(3);
  expect(open.match(/<\/span> \*<\/td>/g)).toHaveLength(3);
  expect(open).toContain("* rests on masks of ADMM prunings that have not converged");
  expect(page).not.toMatch(/Caution| \*<|\* rests/);
});

test("elements are closed", () => {
  for (const name of ["section", "table", "div", "details", "ul", "tr", "td", "th"])
    expect([name, page.split(new RegExp(`<${name}[ >]`)).length]).toEqual([name, page.split(`</${name}>`).length]);
});

test("on a phone the page itself never scrolls sideways: tables have boxes of their own, and short columns stay narrow", () => {
  const outside = page.replaceAll(/<div class="scroll"><table>.*?<\/table><\/div>/gs, "");
  expect(outside).not.toMatch(/<table|<pre/);
  const [overview = ""] = /<thead>.*?<\/tbody>/s.exec(page) ?? [];
  const heads = [...overview.matchAll(/<th class="([^"]*)">([^<]+)<\/th>/g)].map(([, look, words]) => [words, look]);
  expect(heads).toEqual([
    ["claim", "text"],
    ["lenet5 on fashion-mnist", "text wrap"],
    ["conv2 on fashion-mnist", "text wrap"],
  ]);
  expect(overview.match(/<tr><th class="id"><a /g)).toHaveLength(claims.length);
  // The words stand beyond the edge where there are several settings: wide, so that they do not make the rows tall.
  expect(overview.match(/<td class="text wrap words">/g)).toHaveLength(claims.length);
  expect(claimsPage(judgeClaims([worldResults()], "x"))).not.toContain("wrap words");
  expect(page).toMatch(/@media \(max-width: 40rem\) \{[^@]*th\.id \{ min-width: 0 \}/);
});

test("verdicts that were reached out of the paper's regime are marked", () => {
  const excess = () => 40;
  const page = claimsPage(judgeClaims([worldResults({ excess })], "x"));
  expect(page.match(/refuted, out of regime/g)?.length).toBeGreaterThanOrEqual(2);
  expect(claimsPage(judgeClaims([worldResults()], "x"))).not.toContain("out of regime");
});

test("says what was computed by different processors", () => {
  const judged = judgeClaims([worldResults({ seeds: 2 })], "x");
  const note = "Mixed: the trainings of lenet5 <1>";
  expect(claimsPage({ ...judged, notes: [note] })).toContain("<li>Mixed: the trainings of lenet5 &lt;1&gt;</li>");
  expect(claimsPage(judged)).not.toContain("Mixed");
});
