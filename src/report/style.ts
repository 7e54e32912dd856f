import { ink } from "../figures/theme.ts";

/** Custom properties of a light and a dark page, and how the neutral colours of figures are swapped on a dark one: selector and rule. */
export const reportColors = {
  light: `--paper: #fff; --ink: ${ink.text}; --muted: ${ink.muted}; --line: #d8dee4; --edge: #8a939d; --grid: ${ink.grid}; --soft: #f6f8fa;
  --link: #0059a8; --holds: #00603f; --holds-soft: #dff3ea; --fails: #9a3f00; --fails-soft: #fdeadd;
  --open: #59636e; --open-soft: #eceff2;`,
  dark: `--paper: #14171b; --ink: #e3e7ec; --muted: #9aa4af; --line: #333a42; --edge: #6c7681; --grid: #2a3037; --soft: #1c2025;
  --link: #7db8f0; --holds: #7fdcb4; --holds-soft: #12392a; --fails: #ffb180; --fails-soft: #43240f;
  --open: #b4bdc7; --open-soft: #2a3037;`,
  darkFigure: [
    [`[fill="${ink.text}"]`, "fill: var(--ink)"],
    [`[fill="${ink.muted}"]`, "fill: var(--muted)"],
    [`[fill="${ink.paper}"]`, "fill: var(--paper)"],
    [`[stroke="${ink.paper}"]`, "stroke: var(--paper)"],
    [`[stroke="${ink.text}"]`, "stroke: var(--ink)"],
    [`[stroke="${ink.muted}"]`, "stroke: var(--muted)"],
    [`[stroke="${ink.grid}"]`, "stroke: var(--grid)"],
    [`[fill="#0072b2"]`, "fill: #4aa8e0"],
    [`[stroke="#0072b2"]`, "stroke: #4aa8e0"],
    [`[fill="#882255"]`, "fill: #d77aa8"],
    [`[stroke="#882255"]`, "stroke: #d77aa8"],
  ],
} as const;

/**
 * The page's style sheet. Figures are drawn for white paper; on a dark screen their neutral colours are swapped by
 * attribute, so that one drawing serves both.
 */
export const style = `
:root { color-scheme: light dark; ${reportColors.light} }
@media screen and (prefers-color-scheme: dark) {
  :root { ${reportColors.dark} }
${reportColors.darkFigure.map(([selector, rule]) => `  .plot ${selector} { ${rule} }`).join("\n")}
}
* { box-sizing: border-box }
body {
  margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 68rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, Helvetica, Arial, "DejaVu Sans", sans-serif;
  overflow-wrap: break-word;
}
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .4rem }
h2 { font-size: 1.3rem; margin: 2.8rem 0 .8rem; padding-bottom: .3rem; border-bottom: 1px solid var(--line) }
h3 { font-size: 1.02rem; margin: 1.6rem 0 .5rem }
p { margin: .5rem 0; max-width: 46rem }
a { color: var(--link) }
.question { font-size: 1.15rem }
.scale { border-left: .25rem solid var(--fails); padding-left: .7rem }
.facts, .note, figcaption, small { color: var(--muted) }
.facts, .note, figcaption { font-size: .88rem }
sub { line-height: 0 }
ul { padding-left: 1.2rem; max-width: 46rem }
li { margin: .35rem 0 }
.verdict { border: 1px solid var(--line); border-radius: .5rem; margin: 1rem 0; padding: .9rem 1.1rem }
.verdict h3 { margin: 0 0 .4rem }
.verdict ol { list-style: none; margin: .6rem 0 0; padding: 0 }
.verdict li { display: grid; grid-template-columns: 6.4rem 4.2rem 1fr; gap: .2rem .8rem; align-items: baseline; margin: .45rem 0 }
.verdict li > span:last-child { font-size: .92rem }
.badge { border-radius: 1rem; padding: .08rem .6rem; font-size: .82rem; font-weight: 600; text-align: center }
.holds { color: var(--holds); background: var(--holds-soft) }
.fails { color: var(--fails); background: var(--fails-soft) }
.undecided { color: var(--open); background: var(--open-soft) }
figure { margin: 1.6rem 0 2.4rem }
figure h3 { margin-top: 0 }
.plot, .scroll { overflow-x: auto }
.plot svg { display: block; width: 100%; max-width: calc(var(--width) * 1.25); height: auto }
.plot.page svg { min-width: calc(var(--width) * .86) }
.plot a:hover > * { stroke: var(--ink); stroke-width: 3 }
.files { display: block; margin-top: .25rem }
.tall { max-height: 28rem; overflow-y: auto }
tr:target { background: var(--holds-soft) }
pre { overflow-x: auto; background: var(--soft); padding: .5rem .8rem }
.print-only { display: none }
figcaption { margin-top: .5rem; max-width: 46rem }
table { border-collapse: collapse; font-size: .88rem; font-variant-numeric: tabular-nums; margin: .6rem 0 1.4rem }
th, td { padding: .32rem .55rem; text-align: right; vertical-align: top; border-bottom: 1px solid var(--line); white-space: nowrap }
th { font-weight: 600 }
thead th { border-bottom: 2px solid var(--line); vertical-align: bottom }
th.text, td.text, tbody th { text-align: left }
tbody th { font-weight: 400 }
td small, th small { display: block; font-size: .88em }
td.wrap, th.wrap { white-space: normal; min-width: 9rem }
td.words { min-width: 22rem }
code { font: .84em ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace }
summary { cursor: pointer; color: var(--link) }
@media (max-width: 40rem) {
  body { padding: 1.2rem 1rem 3rem }
  h1 { font-size: 1.5rem }
  tbody th { white-space: normal; min-width: 6rem }
  th.id { min-width: 0 }
  th.wrap { min-width: 6rem }
  th code { overflow-wrap: anywhere }
  .verdict li { grid-template-columns: 6.4rem 1fr }
  .verdict li > span:last-child { grid-column: 1 / -1 }
}
@media print {
  body { max-width: none; padding: 0; font-size: 10pt }
  .plot.column svg, .plot.page svg { min-width: 0 }
  .plot.column svg { max-width: 85mm }
  .plot.page svg { max-width: 140mm }
  figure { margin: .8rem 0 1.2rem }
  .print-only { display: block }
  .screen-only { display: none }
  table { font-size: 7.5pt }
  th, td.text, td small { white-space: normal }
  td code { overflow-wrap: anywhere }
  td.words { min-width: 0 }
  .plot, .scroll { overflow: visible }
  figure, .verdict, tr { break-inside: avoid }
  h2, h3, .note:has(+ figure) { break-after: avoid }
  .verdict { padding: .4rem .8rem }
  .verdict li { margin: .2rem 0 }
  h2 { margin-top: 1.6rem }
  th, td { padding: .2rem .4rem }
  .files a, footer a { color: inherit }
}
`;
