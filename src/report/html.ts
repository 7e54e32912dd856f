/** Text that is HTML already; made by `html` and `raw` only. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Value = Markup | string | number | undefined | readonly Value[];

/** HTML from a template; every value is escaped unless it is Markup, lists are joined, undefined is nothing. */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Markup {
  return new Markup(parts.map((part, i) => part + (i < values.length ? render(values[i]) : "")).join(""));
}

/** Takes a text for HTML as it is: for style sheets and drawings of our own. */
export function raw(text: string): Markup {
  return new Markup(text);
}

function render(value: Value): string {
  if (value === undefined) return "";
  if (value instanceof Markup) return value.text;
  if (typeof value === "string" || typeof value === "number") return typeset(String(value));
  return value.map(render).join("");
}

/** Escaped, with numbers kept together with their percent sign. */
function typeset(text: string): string {
  return escapeHtml(text).replaceAll(/(?<=\d) %/g, "\u00a0%");
}

/** Safe between tags and inside quoted attributes. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}

/** A sentence of ours with its symbols set as the paper sets them: R_p, R_0.2, θ0, θT and (…)T get subscripts. */
export function math(text: string): Markup {
  return new Markup(
    typeset(text)
      .replaceAll(/\bR_(p|\d+(?:\.\d+)?)/g, "<i>R</i><sub>$1</sub>")
      .replaceAll(/θ([0T])/g, "θ<sub>$1</sub>")
      .replaceAll(/\)T\b/g, ")<sub>T</sub>"),
  );
}
