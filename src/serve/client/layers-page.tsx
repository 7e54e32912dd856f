import type { JSX } from "preact";
import type { LayersView, MaskView, MeasureView } from "../views.ts";
import { getJson } from "./api.ts";
import { useApp } from "./app-context.ts";
import { NullBar } from "./null-bar.tsx";
import { percentText } from "./runs-model.ts";
import { Sentence } from "./sentence.tsx";
import { useExperiment, useView } from "./use-view.ts";

/** Layer by layer: the weights that every mask keeps, and R_p beside its null. */
export function LayersPage(): JSX.Element | null {
  const { selection, select } = useApp();
  const experiment = useExperiment();
  const variant = experiment?.variants.find(({ id }) => id === selection.variant) ?? experiment?.variants[0];
  const path = experiment && variant && `/api/experiments/${experiment.id}/layers?variant=${variant.id}`;
  const { view, problem } = useView(path, String(experiment?.stages.done ?? 0), getJson<LayersView>);
  if (experiment === undefined) return null;
  return (
    <div class="sheet">
      <div class="panel-head">
        <h2>{experiment.name}</h2>
        {experiment.variants.length > 1 && (
          <label>
            variant{" "}
            <select value={variant?.id} onChange={(event) => select({ variant: event.currentTarget.value })}>
              {experiment.variants.map(({ id, label }) => (
                <option key={id} value={id}>
                  {label}
                </option>
              ))}
            </select>
          </label>
        )}
      </div>
      {problem !== undefined && <p class="problem">{problem}</p>}
      {view !== undefined && <Kept masks={view.masks} />}
      {view !== undefined && <Correlation measures={view.measures} />}
    </div>
  );
}

function Kept({ masks }: { readonly masks: readonly MaskView[] }): JSX.Element {
  const layers = masks[0]?.layers ?? [];
  return (
    <section aria-labelledby="kept">
      <h3 id="kept">Weights kept</h3>
      {masks.length === 0 ? (
        <p>No mask is made yet.</p>
      ) : (
        <section class="scroll" aria-label="Weights kept by layer">
          <table class="plain">
            <thead>
              <tr>
                <th scope="col">layer</th>
                <th scope="col" class="number">
                  weights
                </th>
                {masks.map(({ mask, n }) => (
                  <th scope="col" key={mask}>
                    {mask} <small>{n === 1 ? "1 seed" : `${n} seeds`}</small>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {layers.map(({ layer, size }, i) => (
                <tr key={layer}>
                  <th scope="row">
                    <code>{layer}</code>
                  </th>
                  <td class="number">{size.toLocaleString("en")}</td>
                  {masks.map((mask) => (
                    <KeptCell key={mask.mask} kept={mask.layers[i]?.kept ?? 0} size={size} />
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </section>
  );
}

function KeptCell({ kept, size }: { readonly kept: number; readonly size: number }): JSX.Element {
  const share = size === 0 ? 0 : kept / size;
  return (
    <td class={kept === 0 ? "empty-layer" : ""}>
      <span class="kept">
        <span class="bar" aria-hidden="true">
          <span style={{ width: `${100 * share}%` }} />
        </span>
        {percentText(share)} <small>{kept.toLocaleString("en", { maximumFractionDigits: 1 })}</small>
      </span>
    </td>
  );
}

function Correlation({ measures }: { readonly measures: readonly MeasureView[] }): JSX.Element {
  const { selection, select } = useApp();
  const names = [...new Set(measures.map(({ measure }) => measure))];
  const shares = [...new Set(measures.map(({ p }) => p))].sort((a, b) => a - b);
  const measure = names.includes(selection.measure) ? selection.measure : (names[0] ?? "");
  const p =
    shares.find((share) => percentText(share) === selection.p) ?? (shares.includes(0.2) ? 0.2 : (shares[0] ?? 0));
  const shown = measures.filter((view) => view.measure === measure && view.p === p);
  const layers = shown[0]?.layers ?? [];
  return (
    <section aria-labelledby="by-layer">
      <div class="panel-head">
        <h3 id="by-layer">
          <Sentence>R_p by layer</Sentence>
        </h3>
        {names.length > 0 && (
          <>
            <label>
              compared{" "}
              <select value={measure} onChange={(event) => select({ measure: event.currentTarget.value })}>
                {names.map((name) => (
                  <option key={name}>{name}</option>
                ))}
              </select>
            </label>
            <label>
              p{" "}
              <select value={percentText(p)} onChange={(event) => select({ p: event.currentTarget.value })}>
                {shares.map((share) => (
                  <option key={share}>{percentText(share)}</option>
                ))}
              </select>
            </label>
          </>
        )}
      </div>
      {shown.length === 0 ? (
        <p>No comparison is made yet.</p>
      ) : (
        <>
          <p class="note">
            <Sentence>{`Between ${shown[0]?.formula ?? ""}; the tick is the null, means over the seeds.`}</Sentence>
          </p>
          <section class="scroll" aria-label="R_p by layer">
            <table class="plain">
              <thead>
                <tr>
                  <th scope="col">layer</th>
                  {shown.map(({ mask, n }) => (
                    <th scope="col" key={mask}>
                      {mask} <small>{n === 1 ? "1 seed" : `${n} seeds`}</small>
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {layers.map(({ layer }, i) => (
                  <tr key={layer}>
                    <th scope="row">
                      <code>{layer}</code>
                    </th>
                    {shown.map((view) => (
                      <LayerCell key={view.mask} layer={view.layers[i]} />
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
        </>
      )}
    </section>
  );
}

function LayerCell({ layer }: { readonly layer: MeasureView["layers"][number] | undefined }): JSX.Element {
  if (layer === undefined) return <td>–</td>;
  const { rp, nullMean, z } = layer;
  return (
    <td>
      <NullBar share={rp} nullShare={nullMean} />
      {(100 * rp).toFixed(1)} %{" "}
      <small>
        null {(100 * nullMean).toFixed(1)} %{z !== null && `, z ${z.toFixed(1).replace("-", "−")}`}
      </small>
    </td>
  );
}
