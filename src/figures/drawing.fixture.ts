import type { Figure } from "./figure.ts";

/** The figure that must be there. */
export function existing(figure: Figure | undefined): Figure {
  if (figure === undefined) throw new Error("expected a figure");
  return figure;
}

/** Marks of the layers of one kind: how many there are, and where and in which colour. */
export interface Mark {
  readonly x: number;
  readonly y: number;
  readonly fill: string | undefined;
  readonly label: string;
}

/** Filled symbols of the plot in groups of equal size (`d` of a path starts with its extent), legends left out. */
export function symbols(svg: string): readonly Mark[] {
  const paths = svg.match(/<path aria-label="[^"]*"[^>]*aria-roledescription="point"[^>]*>/g) ?? [];
  return paths.map((path) => {
    const [, x, y] = /transform="translate\(([-\d.]+),([-\d.]+)\)"/.exec(path) ?? [];
    return {
      x: Number(x),
      y: Number(y),
      fill: /fill="([^"]+)"/.exec(path)?.[1],
      label: /aria-label="([^"]*)"/.exec(path)?.[1] ?? "",
    };
  });
}

/** All texts of a drawing. */
export function texts(svg: string): readonly string[] {
  return [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((match) => match[1] ?? "");
}

/** Values of rows of one kind in a figure's data. */
export function rows(figure: Figure, kind: string): readonly Record<string, unknown>[] {
  const { data } = figure.spec as { data?: { values?: Record<string, unknown>[] } };
  return (data?.values ?? []).filter((row) => row.kind === kind);
}
