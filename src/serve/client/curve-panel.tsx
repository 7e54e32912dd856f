import type { JSX } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { CurveView } from "../views.ts";
import type { Selection } from "./address.ts";
import { getJson } from "./api.ts";
import { useApp } from "./app-context.ts";
import { Chart } from "./chart.tsx";
import { chartData, chartLines, MOST_LINES } from "./curves-model.ts";
import type { Group, Run } from "./runs-model.ts";

const quantities: readonly (readonly [Selection["curve"], string, number])[] = [
  ["testAccuracy", "test accuracy, %", 2],
  ["trainAccuracy", "train accuracy, %", 2],
  ["testLoss", "test loss", 3],
  ["trainLoss", "train loss", 3],
];

/** Learning curves: of the chosen runs, else of those that run. */
export function CurvePanel({
  shown,
  groups,
}: {
  readonly shown: readonly Run[];
  readonly groups: readonly Group[];
}): JSX.Element {
  const { selection, select, isDark } = useApp();
  const lines = useMemo(() => chartLines(shown, groups, selection.chosen), [shown, groups, selection.chosen]);
  const curves = useCurves(lines.flatMap(({ runs }) => runs));
  const data = useMemo(() => chartData(lines, curves, selection.curve), [lines, curves, selection.curve]);
  const [, label, decimals] = quantities.find(([name]) => name === selection.curve) ?? ["testAccuracy", "", 2];
  const isFull = lines.length === MOST_LINES;
  return (
    <section class="curves" aria-label="Learning curves">
      <div class="panel-head">
        <h2>Learning curves</h2>
        <label>
          <span class="sr">Quantity</span>
          <select
            value={selection.curve}
            onChange={(event) => select({ curve: event.currentTarget.value as Selection["curve"] })}
          >
            {quantities.map(([name, title]) => (
              <option key={name} value={name}>
                {title}
              </option>
            ))}
          </select>
        </label>
        {selection.chosen.length > 0 && (
          <button type="button" onClick={() => select({ chosen: [] })}>
            clear the choice
          </button>
        )}
      </div>
      {data.epochs.length > 0 ? (
        <Chart data={data} label={label} decimals={decimals} isDark={isDark} />
      ) : (
        <p class="none">No epoch is finished yet.</p>
      )}
      {isFull && <p class="note">The first {MOST_LINES} are drawn; choose others in the table.</p>}
    </section>
  );
}

/** The curves of these runs, asked for again when one of them has a new epoch. */
function useCurves(runs: readonly Run[]): ReadonlyMap<string, CurveView> {
  const [curves, setCurves] = useState<ReadonlyMap<string, CurveView>>(new Map());
  const wanted = runs.map(({ id, epoch, state }) => `${id} ${Math.floor(epoch)} ${state}`).join(",");
  useEffect(() => {
    if (wanted === "") return;
    const abort = new AbortController();
    const ids = runs.map(({ id }) => id).join(",");
    getJson<CurveView[]>(`/api/curves?ids=${ids}`, abort.signal)
      .then((found) => setCurves(new Map(found.map((curve) => [curve.id, curve]))))
      // Another question has taken its place, or the server is away, which the head of the page says.
      .catch(() => undefined);
    return () => abort.abort();
  }, [wanted]);
  return curves;
}
