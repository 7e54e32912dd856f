import { describe, expect, test } from "vitest";
import { inlineSvg } from "./figure-section.ts";
import { html, math } from "./html.ts";

describe("templates", () => {
  test("escape texts, keep markup, join lists and leave out undefined", () => {
    const list = ["<", html`<b>${"&"}</b>`, undefined, 3];
    expect(html`<p title="${`"'`}">${list}</p>`.text).toBe('<p title="&quot;&#39;">&lt;<b>&amp;</b>3</p>');
  });

  test("set the paper's symbols and keep numbers with their percent sign", () => {
    expect(math("R_0.2 of (θT⊙m)T is 5 %, R_p <").text).toBe(
      "<i>R</i><sub>0.2</sub> of (θ<sub>T</sub>⊙m)<sub>T</sub> is 5\u00a0%, <i>R</i><sub>p</sub> &lt;",
    );
  });

  test("give the ids of a drawing its figure's name", () => {
    const svg = '<svg width="10" height="5"><clipPath id="clip0"/><g clip-path="url(#clip0)"/></svg>';
    expect(inlineSvg(svg, "curves", "What <it> shows")).toBe(
      '<svg role="img" aria-label="What &lt;it&gt; shows" style="--width: 10px" width="10" height="5">' +
        '<clipPath id="curves-clip0"/><g clip-path="url(#curves-clip0)"/></svg>',
    );
  });

  test("make a linked mark of a drawing a link within the page that says what it is", () => {
    const mark =
      '<a xlink:href="../report.html#run-1f"><path aria-label="ticket &amp; 5" role="x" d="M0"/></a><path aria-label="b" d="M1"/>';
    expect(inlineSvg(`<svg width="1" height="1">${mark}</svg>`, "a", "").slice("<svg".length)).toContain(
      '><a href="#run-1f" tabindex="-1"><path role="x" d="M0"><title>ticket &amp; 5</title></path></a><path d="M1"/>'.replace(
        ' role="x"',
        "",
      ),
    );
  });
});
