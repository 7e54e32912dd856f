import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { FigureView } from "../views.ts";
import { getSvg } from "./api.ts";
import { useApp } from "./app-context.ts";
import { Sentence } from "./sentence.tsx";

interface FigureCardProps {
  readonly experiment: string;
  readonly figure: FigureView;
  /** Drawn anew when it changes. */
  readonly version: string;
}

/** A figure as in the report, drawn when it comes into sight; a click on a seed's mark shows its run. */
export function FigureCard({ experiment, figure: { name, title, caption }, version }: FigureCardProps): JSX.Element {
  const { runs, select, say } = useApp();
  const place = useRef<HTMLDivElement>(null);
  const [isSeen, setSeen] = useState(false);
  useEffect(() => {
    if (place.current === null) return;
    const observer = new IntersectionObserver(
      (entries) => entries.some(({ isIntersecting }) => isIntersecting) && setSeen(true),
      {
        rootMargin: "400px",
      },
    );
    observer.observe(place.current);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    if (!isSeen) return;
    const abort = new AbortController();
    getSvg(`/api/experiments/${experiment}/figures/${name}`, abort.signal)
      .then((svg) => {
        if (svg === undefined || place.current === null) return;
        svg.style.setProperty("--width", `${svg.getAttribute("width") ?? ""}px`);
        place.current.replaceChildren(document.importNode(svg, true));
      })
      .catch((error: unknown) => say(error instanceof Error ? error.message : String(error)));
    return () => abort.abort();
  }, [experiment, name, version, isSeen]);
  useEffect(() => {
    const element = place.current;
    const follow = (event: MouseEvent) => {
      const link = event.target instanceof Element ? event.target.closest("a")?.getAttribute("href") : undefined;
      const key = /^#run-([0-9a-f]{12})$/.exec(link ?? "")?.[1];
      if (key === undefined) return;
      event.preventDefault();
      const run = runs.find((candidate) => candidate.experiment === experiment && candidate.key.startsWith(key));
      if (run !== undefined) select({ page: "runs", open: run.id, filter: `key:${key}`, group: "" });
      else say("That mark is of a comparison, not of one run.");
    };
    element?.addEventListener("click", follow);
    return () => element?.removeEventListener("click", follow);
  }, [runs, experiment, select, say]);
  return (
    <figure class="report-figure">
      <h4>
        <Sentence>{title}</Sentence>
      </h4>
      <div ref={place} class="plot" />
      <figcaption>
        <Sentence>{caption}</Sentence>
      </figcaption>
    </figure>
  );
}
