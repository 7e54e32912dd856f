import { useEffect, useState } from "preact/hooks";
import type { ExperimentView } from "../views.ts";
import { useApp } from "./app-context.ts";

/** The chosen experiment, else the first one. */
export function useExperiment(): ExperimentView | undefined {
  const { experiments, selection } = useApp();
  return (
    experiments.find(({ id }) => selection.experiment !== "" && id.startsWith(selection.experiment)) ?? experiments[0]
  );
}

/** What the server says at a path, asked again when `version` changes; the last answer stays until the next one is there. */
export function useView<T>(
  path: string | undefined,
  version: string,
  read: (path: string, signal: AbortSignal) => Promise<T>,
): { readonly view: T | undefined; readonly problem: string | undefined } {
  const [answer, setAnswer] = useState<{ readonly path: string; readonly view: T }>();
  const [problem, setProblem] = useState<string>();
  useEffect(() => {
    if (path === undefined) return;
    const abort = new AbortController();
    read(path, abort.signal)
      .then((view) => {
        setAnswer({ path, view });
        setProblem(undefined);
      })
      .catch((error: unknown) => {
        if (!abort.signal.aborted) setProblem(error instanceof Error ? error.message : String(error));
      });
    return () => abort.abort();
  }, [path, version]);
  return { view: answer?.path === path ? answer?.view : undefined, problem };
}
