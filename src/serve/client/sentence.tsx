import type { JSX } from "preact";

/** A sentence with its symbols set as the report sets them: R_p, R_0.2, θ0, θT and (…)T with subscripts. */
export function Sentence({ children }: { readonly children: string }): JSX.Element {
  const parts = children.replaceAll(/(?<=\d) %/g, "\u00a0%").split(/(\bR_(?:p|\d+(?:\.\d+)?)|θ[0T]|\)T\b)/g);
  return (
    <>
      {parts.map((part, i) => {
        if (i % 2 === 0) return part;
        const [head, index] = part.startsWith("R_") ? ["R", part.slice(2)] : [part.slice(0, -1), part.slice(-1)];
        return (
          <span key={`${i} ${part}`}>
            {head === "R" ? <i>R</i> : head}
            <sub>{index}</sub>
          </span>
        );
      })}
    </>
  );
}
