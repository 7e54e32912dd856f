import { seedsText } from "../analysis/format.ts";
import { paperNumbers } from "../analysis/paper-numbers.ts";
import type { Results } from "../analysis/types.ts";
import { verdicts } from "../analysis/verdicts.ts";
import type { PaperContext } from "../paper/types.ts";
import { admmSection } from "./admm-section.ts";
import { connectivitySection } from "./connectivity-section.ts";
import { type DrawnFigure, figureSection } from "./figure-section.ts";
import { html, type Markup } from "./html.ts";
import { paperHead, paperSection } from "./paper-section.ts";
import { plainPage } from "./plain-page.ts";
import { protocolSection } from "./protocol-section.ts";
import { costSection, provenanceSection } from "./provenance-section.ts";
import { runsSection } from "./runs-section.ts";
import { tableSection } from "./table-section.ts";
import { verdictSection } from "./verdict-section.ts";

/**
 * The whole report as one HTML document without scripts or outside resources.
 * @param paper which of the paper's figures or tables this is, when it is one
 */
export function reportPage(results: Results, drawn: readonly DrawnFigure[], paper?: PaperContext): string {
  const { spec } = results;
  const judged = verdicts(results);
  const head = html`${paper === undefined ? undefined : paperHead(paper)}
${spec.question === "" ? undefined : html`<p class="question">${spec.question}</p>`}
<p class="facts">${facts(results)}</p>`;
  const content = html`${verdictSection(judged)}
${paper === undefined ? undefined : paperSection(results, paper, paperNumbers(results, paper.reported))}
${admmSection(results)}
${connectivitySection(results)}
${figureSection(drawn)}
${tableSection(results, judged)}
${protocolSection(results)}
${costSection(judged.cost)}
${provenanceSection(results)}
${runsSection(results)}`;
  const beside = html`${tableFiles(results, paper).map((file) => html`<a href="${file}">${file}</a>, `)}figures`;
  return plainPage(spec.name, head, content, beside);
}

/** The files with all numbers, which lie beside the page. */
function tableFiles({ connections }: Results, paper: PaperContext | undefined): readonly string[] {
  return [
    "results.csv",
    "correlations.csv",
    ...(connections.length > 0 ? ["connectivity.csv"] : []),
    "results.json",
    ...(paper === undefined ? [] : ["paper-numbers.csv"]),
  ];
}

/** Model, data, seeds, variants, and how much of it is done. */
function facts({ spec, arms }: Results): Markup {
  const names = (of: (setting: (typeof spec.variants)[number]["setting"]) => string) =>
    [...new Set(spec.variants.map(({ setting }) => of(setting)))].join(", ");
  const done = arms.filter(({ status }) => status === "done").length;
  const parts = [
    `${names(({ model }) => model.name)} on ${names(({ data }) => data.name)}`,
    spec.variants.map(({ label }) => label).join(", "),
    seedsText(spec.seeds.length),
    `${done} of ${arms.length} runs done`,
  ];
  return html`${parts.join(" · ")}`;
}
