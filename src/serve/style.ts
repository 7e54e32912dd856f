import { reportColors } from "../report/style.ts";

/** Eight lines of the chart: Okabe and Ito's colours, darker on white and lighter on black where contrast asks for it. */
const lineColors = {
  light: ["#0072b2", "#c85200", "#00785a", "#9b4d83", "#8a6100", "#1f2328", "#2b7bb9", "#882255"],
  dark: ["#56b4e9", "#ff9a5c", "#3fcfa0", "#e59ac8", "#f0c04a", "#e3e7ec", "#9ecbff", "#ff8fb8"],
} as const;

const variables = (colors: readonly string[]) => colors.map((color, i) => `--line-${i}: ${color};`).join(" ");

/** The page's style sheet, with the report's colours; figures are drawn for white paper and get their dark colours as in the report. */
export const style = `
:root { color-scheme: light; ${reportColors.light} --run: #0059a8; --bar: #86b6e0; --hover: #eef3f8; --chosen: #e2eefa; ${variables(lineColors.light)} }
:root[data-theme="dark"] { color-scheme: dark; ${reportColors.dark} --run: #7db8f0; --bar: #3a78b0; --hover: #1d232a; --chosen: #1b2c3d; ${variables(lineColors.dark)} }
${reportColors.darkFigure.map(([selector, rule]) => `:root[data-theme="dark"] .plot ${selector} { ${rule} }`).join("\n")}
${lineColors.light.map((_, i) => `.line-${i} { stroke: var(--line-${i}) }`).join("\n")}
* { box-sizing: border-box }
html { scrollbar-gutter: stable }
body { margin: 0; background: var(--paper); color: var(--ink); font: 0.94rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, Helvetica, Arial, "DejaVu Sans", sans-serif }
h1 { font-size: 1.05rem; margin: 0; letter-spacing: .01em }
h2 { font-size: 1.05rem; margin: 0; line-height: 1.3; overflow-wrap: anywhere }
h3 { font-size: 1rem; margin: 1.8rem 0 .5rem }
h4 { font-size: .95rem; margin: 0 0 .4rem }
p { margin: .35rem 0 }
code, kbd, pre { font: .86em ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace }
a { color: var(--link) }
small, .note, figcaption { color: var(--muted) }
.narrow { display: none; font-weight: 400 }
.note, figcaption { font-size: .86rem; max-width: 60rem }
sub { line-height: 0; font-size: .72em }
mark { background: var(--fails-soft); color: var(--fails); border-radius: .2rem; padding: 0 .2rem }
.sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap }
:focus-visible { outline: 2px solid var(--link); outline-offset: 1px }

button, select, input[type="search"] { font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--edge); border-radius: .4rem; padding: .22rem .6rem; min-height: 2rem }
button { cursor: pointer }
button:hover:not(:disabled), select:hover { background: var(--hover) }
button:disabled { color: var(--muted); cursor: default; border-color: var(--line) }
button[aria-pressed="true"] { background: var(--chosen); border-color: var(--link); color: var(--link) }
button.link { background: none; border: 0; padding: 0; min-height: 0; font-weight: inherit; text-align: inherit }
button.link:hover { text-decoration: underline }
button.quiet { border-color: transparent; color: var(--muted) }

.top { display: flex; align-items: center; gap: .4rem 1.2rem; padding: .5rem 1.2rem; border-bottom: 1px solid var(--line); position: sticky; top: 0; background: var(--paper); z-index: 5 }
.top nav { display: flex; gap: .2rem; flex: 1 }
.top nav a { color: var(--muted); text-decoration: none; padding: .3rem .8rem; border-radius: .4rem }
.top nav a:hover { background: var(--hover) }
.top nav a[aria-current] { color: var(--ink); background: var(--soft); font-weight: 600 }
.connection { font-size: .84rem; color: var(--muted) }
.connection::before { content: ""; display: inline-block; width: .55rem; height: .55rem; border-radius: 50%; margin-right: .4rem; background: var(--muted) }
.connection.live { color: var(--holds) }
.connection.live::before { background: var(--holds) }
.connection.away, .connection.refused { color: var(--fails) }
.connection.away::before, .connection.refused::before { background: var(--fails) }
main { padding: 1rem 1.2rem 3rem }
.empty { max-width: 44rem; margin: 3rem auto; padding: 0 1rem }
.said { position: fixed; left: 50%; bottom: 1.2rem; translate: -50% 0; background: var(--ink); color: var(--paper); border-radius: .5rem; padding: .5rem 1rem; max-width: min(90vw, 44rem); z-index: 9 }
.said:empty { display: none }
.problem { color: var(--fails) }

.experiments { display: grid; grid-template-columns: repeat(auto-fill, minmax(19rem, 1fr)); gap: .8rem; margin-bottom: 1rem }
.experiments > .empty, .experiments > .problem { grid-column: 1 / -1 }
.card { border: 1px solid var(--line); border-radius: .6rem; padding: .7rem .9rem; display: grid; grid-template-columns: 1fr auto; gap: .1rem .8rem; align-items: start; align-content: start }
.card.chosen { border-color: var(--link); box-shadow: inset 0 0 0 1px var(--link) }
.card h2, .card p { overflow-wrap: anywhere }
.card progress { grid-column: 1 / -1; grid-row: 2; margin: .35rem 0 .1rem }
.card p { grid-column: 1 / -1; font-size: .86rem; color: var(--muted); margin: 0 }
.card > button { grid-column: 2; grid-row: 1; min-height: 1.7rem; padding: .05rem .6rem; font-size: .86rem }
progress { appearance: none; width: 100%; height: .5rem; border: 0; border-radius: .3rem; background: var(--soft); overflow: hidden }
progress::-webkit-progress-bar { background: var(--grid); border-radius: .3rem }
progress::-webkit-progress-value { background: var(--run); border-radius: .3rem }
progress::-moz-progress-bar { background: var(--run) }

.dot { display: inline-block; width: .62rem; height: .62rem; border-radius: 50%; border: 2px solid var(--muted); margin-right: .4rem; vertical-align: -.02em; flex: none }
.dot.done { background: var(--holds); border-color: var(--holds) }
.dot.running { background: var(--run); border-color: var(--run); animation: beat 1.6s ease-in-out infinite }
.dot.failed, .dot.diverged { background: var(--fails); border-color: var(--fails); border-radius: .1rem }
.dot.stopped { border-radius: .1rem; border-color: var(--ink) }
.dot.skipped { border-style: dotted }
@keyframes beat { 50% { opacity: .35 } }
@media (prefers-reduced-motion: reduce) { .dot.running { animation: none } }

.toolbar { display: flex; flex-wrap: wrap; gap: .5rem .7rem; align-items: end; margin-bottom: .8rem }
.toolbar label { display: flex; flex-direction: column; font-size: .78rem; color: var(--muted) }
.toolbar label > :last-child { font-size: .92rem; color: var(--ink) }
.toolbar .grow { flex: 1 1 16rem; max-width: 34rem }
.toolbar input { width: 100% }
.toolbar select { max-width: 13rem }
.toolbar input[aria-invalid="true"] { border-color: var(--fails) }
.toolbar output { font-size: .86rem; color: var(--muted); padding-bottom: .35rem }
.toolbar output.problem { color: var(--fails) }
.pinned { max-width: 20rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap }

.runs { display: grid; gap: 1rem; grid-template-columns: minmax(0, 1fr) }
.runs.with-details { grid-template-columns: minmax(0, 1fr) minmax(18rem, 24rem) }
.runs.with-details .curves { grid-column: 1 / -1 }
.panel-head { display: flex; flex-wrap: wrap; align-items: center; gap: .3rem .9rem; margin-bottom: .4rem }
.panel-head label, .panel-head select { max-width: 100% }
.panel-head h3 { margin: 0 }
.sheet .panel-head { margin-top: 1.8rem }
.sheet > .panel-head:first-child { margin-top: 0 }
.curves, .details { border: 1px solid var(--line); border-radius: .6rem; padding: .7rem .9rem; min-width: 0 }
.chart { margin: 0 }
.chart figcaption { display: flex; flex-wrap: wrap; gap: .15rem 1.1rem; max-width: none; margin-top: .2rem }
.chart .at { font-variant-numeric: tabular-nums; min-width: 7.5rem }
.chart .key { color: var(--ink) }
.chart .key svg { margin-right: .35rem; vertical-align: middle }
.chart .key b { font-variant-numeric: tabular-nums }
.u-wrap, .uplot { font-family: inherit }
.none { color: var(--muted); padding: .6rem }

.table { --row: 32px; position: relative; overflow: auto; max-height: max(22rem, calc(100vh - 8rem)); border: 1px solid var(--line); border-radius: .6rem; overscroll-behavior: contain; min-width: 0 }
.table table { border-collapse: separate; border-spacing: 0; table-layout: fixed; width: max-content; min-width: 100%; font-variant-numeric: tabular-nums; font-size: .88rem }
.table col { width: var(--width) }
.table col.tick { width: 2.4rem }
.table th, .table td { height: var(--row); padding: 0 .6rem; text-align: left; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; border-bottom: 1px solid var(--grid); font-weight: 400 }
.table thead th { position: sticky; top: 0; background: var(--soft); font-weight: 600; z-index: 2; border-bottom: 1px solid var(--line) }
.table .number, .plain .number { text-align: right }
.table tbody tr { cursor: pointer }
.table tbody tr:hover { background: var(--hover) }
.table tbody tr.group th { font-weight: 600 }
.table tbody tr.inner th { padding-left: 1.9rem }
.table tbody tr.open { background: var(--chosen) }
.table tbody tr.baseline th { color: var(--link) }
.table tbody tr:focus-visible { outline-offset: -2px }
.table tr.space td { border: 0; padding: 0; height: auto }
.table input { width: 1.05rem; height: 1.05rem; margin: 0; vertical-align: middle; accent-color: var(--run) }
.state { white-space: nowrap }
.bar { display: inline-block; width: 3.2rem; height: .5rem; border-radius: .25rem; background: var(--grid); overflow: hidden; margin-right: .5rem; vertical-align: middle }
.bar > span { display: block; height: 100%; background: var(--muted) }
.epochs.running .bar > span { background: var(--run) }

.details dl, .help dl { margin: .6rem 0; font-size: .88rem }
.details dl > div { display: grid; grid-template-columns: minmax(6.5rem, 10rem) 1fr; gap: .6rem; padding: .18rem 0; border-bottom: 1px solid var(--grid) }
.details dt { color: var(--muted); overflow-wrap: anywhere }
.details dd { margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums }
.details .panel-head { flex-wrap: nowrap; justify-content: space-between; align-items: start }
.details summary { cursor: pointer; color: var(--link); font-size: .9rem }
.buttons { display: flex; flex-wrap: wrap; gap: .5rem; margin: .5rem 0 }
.message { white-space: pre-wrap; overflow-wrap: anywhere; background: var(--fails-soft); color: var(--fails); border-radius: .4rem; padding: .5rem .7rem; max-height: 14rem; overflow: auto; margin: .4rem 0 }

.sheet { max-width: 78rem }
.question { font-size: 1.05rem; overflow-wrap: anywhere }
.scroll { overflow-x: auto; position: relative }
.plain { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums }
.plain th, .plain td { padding: .36rem .7rem; text-align: left; border-bottom: 1px solid var(--line); white-space: nowrap; vertical-align: middle }
.plain thead th { font-weight: 600; border-bottom: 2px solid var(--line) }
.plain tbody th { font-weight: 400 }
.plain .again { color: var(--muted) }
.badge { display: inline-block; border-radius: 1rem; padding: .06rem .6rem; font-size: .82rem; font-weight: 600; text-align: center; min-width: 5.6rem; flex: none }
.holds { color: var(--holds); background: var(--holds-soft) }
.fails { color: var(--fails); background: var(--fails-soft) }
.undecided { color: var(--open); background: var(--open-soft) }
.claims { list-style: none; padding: 0; margin: .6rem 0; max-width: 62rem }
.claims li { display: flex; gap: .9rem; align-items: baseline; padding: .5rem 0; border-bottom: 1px solid var(--grid) }
.claims b { font-weight: 600 }
.null-bar { width: 7rem; height: .9rem; margin-right: .6rem; vertical-align: middle; background: var(--soft); border-radius: .15rem }
.null-bar rect { fill: var(--bar) }
.null-bar line { stroke: var(--ink); stroke-width: 2; vector-effect: non-scaling-stroke }
.kept { white-space: nowrap }
.kept .bar { width: 6rem; height: .7rem }
.kept .bar > span { background: var(--bar) }
.empty-layer { color: var(--fails) }
.report-figure { margin: 0 0 2rem }
.plot { min-height: 12rem; overflow-x: auto }
.plot svg { display: block; width: 100%; max-width: calc(var(--width) * 1.1); height: auto; min-width: 24rem }
.plot a:hover > * { stroke: var(--ink); stroke-width: 3 }

dialog.help { border: 1px solid var(--line); border-radius: .7rem; background: var(--paper); color: var(--ink); max-width: 34rem; width: calc(100vw - 2rem) }
dialog.help::backdrop { background: rgb(0 0 0 / .45) }
.help dl > div { display: grid; grid-template-columns: 12rem 1fr; gap: .8rem; padding: .2rem 0 }
.help dd { margin: 0 }
kbd { background: var(--soft); border: 1px solid var(--line); border-radius: .3rem; padding: .05rem .35rem }

@media (max-width: 60rem) {
  .runs.with-details { grid-template-columns: minmax(0, 1fr) }
  .runs.with-details .details { grid-row: 1 }
}
@media (max-width: 44rem) {
  .top { flex-wrap: wrap; padding: .5rem .8rem; gap: .3rem .7rem }
  .top nav { order: 5; flex-basis: 100% }
  .top .connection { flex: 1; text-align: right }
  .top nav a { flex: 1; text-align: center; padding: .45rem .4rem }
  .wide { display: none }
  .narrow { display: inline }
  main { padding: .8rem .8rem 3rem }
  .experiments { grid-template-columns: minmax(0, 1fr) }
  .toolbar label { flex: 1 1 8rem }
  .toolbar .grow { flex-basis: 100%; max-width: none }
  .toolbar select { max-width: none }
  button, select, input[type="search"] { min-height: 2.5rem }
  button.link { min-height: 0 }
  .extra { display: none }
  .table table { width: 100%; min-width: 0 }
  .table th, .table td { padding: 0 .35rem }
  .table col.tick { width: 2rem }
  .table col.state { width: 1.5rem }
  .table col.run { width: auto }
  .table col.epoch { width: 4rem }
  .table col.accuracy { width: 4.6rem }
  .table { --row: 46px }
  .table th, .table td { white-space: normal; line-height: 1.2 }
  .table td:nth-child(2) { text-overflow: clip }
  .table .bar { display: none }
  .table thead th:nth-child(2) button { visibility: hidden }
  .state .word { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
  .table .state { padding: 0 }
  .bar { width: 1.6rem; margin-right: .3rem }
  .claims li { flex-direction: column; gap: .3rem }
  .help dl > div { grid-template-columns: 1fr; gap: 0 }
}
`;
