import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { ClaimView, CorrelationView, VerdictsView, WinningView } from "../views.ts";
import { getJson } from "./api.ts";
import { useApp } from "./app-context.ts";
import { FigureCard } from "./figure-card.tsx";
import { timeText } from "./format.ts";
import { NullBar } from "./null-bar.tsx";
import { Sentence } from "./sentence.tsx";
import { useExperiment, useView } from "./use-view.ts";

/** What the experiment says so far: winning property, claims, correlations, figures. */
export function VerdictsPage(): JSX.Element | null {
  const experiment = useExperiment();
  const path = experiment === undefined ? undefined : `/api/experiments/${experiment.id}/verdicts`;
  const [again, setAgain] = useState(0);
  const { view, problem } = useView(path, `${experiment?.stages.done ?? 0} ${again}`, getJson<VerdictsView>);
  useEffect(() => {
    if (view === undefined || view.againInMs === null) return;
    const timer = setTimeout(() => setAgain((n) => n + 1), view.againInMs);
    return () => clearTimeout(timer);
  }, [view]);
  if (experiment === undefined) return null;
  return (
    <div class="sheet">
      <h2>{experiment.name}</h2>
      {experiment.question !== "" && <p class="question">{experiment.question}</p>}
      {problem !== undefined && <p class="problem">{problem}</p>}
      {view !== undefined && <Verdicts view={view} />}
    </div>
  );
}

function Verdicts({ view }: { readonly view: VerdictsView }): JSX.Element {
  return (
    <>
      <p class="note">
        {view.done} of {view.all} runs are done; judged {timeText(view.asOf)}. <Sentence>{view.margins}</Sentence>
      </p>
      <section aria-labelledby="winning">
        <h3 id="winning">Winning property</h3>
        {view.notJudged !== null && <p>{view.notJudged}</p>}
        {view.winning.length > 0 && <WinningTable winning={view.winning} />}
        <p>
          <Sentence>{view.dense}</Sentence>
        </p>
      </section>
      <Correlations correlations={view.correlations} />
      <Claims claims={view.claims} note={view.claimNote} />
      <section aria-labelledby="figures">
        <h3 id="figures">Figures</h3>
        {view.figures.length === 0 && <p>No training is done yet, so there is nothing to draw.</p>}
        {view.figures.map((figure) => (
          <FigureCard key={figure.name} experiment={view.experiment} figure={figure} version={view.asOf} />
        ))}
      </section>
    </>
  );
}

function WinningTable({ winning }: { readonly winning: readonly WinningView[] }): JSX.Element {
  return (
    <section class="scroll" aria-label="Winning property by variant and sparsity">
      <table class="plain verdicts">
        <thead>
          <tr>
            <th scope="col">variant</th>
            <th scope="col">mask</th>
            <th scope="col">verdict</th>
            <th scope="col" class="number">
              ticket − dense
            </th>
            <th scope="col" class="number">
              ticket − reinit
            </th>
            <th scope="col" class="number">
              seeds
            </th>
            <th scope="col">what would decide</th>
          </tr>
        </thead>
        <tbody>
          {winning.flatMap(({ label, pruning, rows }) =>
            rows.map((row, i) => (
              <tr key={`${label} ${pruning} ${row.sparsity}`}>
                <th scope="row">{i === 0 ? label : <span class="again">{label}</span>}</th>
                <td>
                  {pruning} {row.sparsity}
                </td>
                <td>
                  <span class={`badge ${row.verdict}`}>{row.verdict}</span>
                </td>
                <td class="number">{row.toDense}</td>
                <td class="number">{row.toReinit}</td>
                <td class="number">{row.n}</td>
                <td>{row.deciding}</td>
              </tr>
            )),
          )}
        </tbody>
      </table>
    </section>
  );
}

function Correlations({ correlations }: { readonly correlations: readonly CorrelationView[] }): JSX.Element | null {
  const { selection, select } = useApp();
  const shares = [...new Set(correlations.map(({ p }) => p))];
  const p = shares.includes(selection.p) ? selection.p : shares.includes("20 %") ? "20 %" : (shares[0] ?? "");
  if (correlations.length === 0) return null;
  return (
    <section aria-labelledby="correlation">
      <div class="panel-head">
        <h3 id="correlation">
          <Sentence>R_p beside its null</Sentence>
        </h3>
        <label>
          p{" "}
          <select value={p} onChange={(event) => select({ p: event.currentTarget.value })}>
            {shares.map((share) => (
              <option key={share}>{share}</option>
            ))}
          </select>
        </label>
      </div>
      <section class="scroll" aria-label="R_p beside its null">
        <table class="plain">
          <thead>
            <tr>
              <th scope="col">variant</th>
              <th scope="col">mask</th>
              <th scope="col">compared</th>
              <th scope="col">
                <span class="sr">drawn</span>
              </th>
              <th scope="col" class="number">
                <Sentence>R_p</Sentence>
              </th>
              <th scope="col" class="number">
                its null
              </th>
              <th scope="col" class="number">
                mean z
              </th>
              <th scope="col" class="number">
                p-value
              </th>
              <th scope="col" class="number">
                seeds
              </th>
              <th scope="col">reading</th>
            </tr>
          </thead>
          <tbody>
            {correlations
              .filter((row) => row.p === p)
              .map((row) => (
                <tr key={`${row.label} ${row.mask} ${row.measure}`}>
                  <th scope="row">{row.label}</th>
                  <td>{row.mask}</td>
                  <td>
                    {row.measure}{" "}
                    <small>
                      <Sentence>{row.formula}</Sentence>
                    </small>
                  </td>
                  <td>
                    <NullBar share={row.share} nullShare={row.nullShare} />
                  </td>
                  <td class="number">{row.rp}</td>
                  <td class="number">{row.nullMean}</td>
                  <td class="number">{row.z}</td>
                  <td class="number">{row.pValue}</td>
                  <td class="number">{row.n}</td>
                  <td>{row.word}</td>
                </tr>
              ))}
          </tbody>
        </table>
      </section>
    </section>
  );
}

const outcomes: Readonly<Record<ClaimView["outcome"], string>> = {
  confirmed: "holds",
  refuted: "fails",
  undecided: "undecided",
  "not run": "undecided",
};

function Claims({ claims, note }: { readonly claims: readonly ClaimView[]; readonly note: string }): JSX.Element {
  const [isAll, setAll] = useState(false);
  const shown = isAll ? claims : claims.filter(({ outcome }) => outcome !== "not run");
  return (
    <section aria-labelledby="claims">
      <h3 id="claims">The paper’s claims</h3>
      <p class="note">
        <Sentence>{note}</Sentence>
      </p>
      <ul class="claims">
        {shown.map((claim) => (
          <li key={`${claim.id} ${claim.setting}`}>
            <span class={`badge ${outcomes[claim.outcome]}`}>{claim.outcome}</span>
            <div>
              <b>
                {claim.id}. <Sentence>{claim.words}</Sentence>
              </b>
              <p>
                <Sentence>{claim.line}</Sentence>
              </p>
              {claim.outOfRegime && claim.outcome !== "not run" && (
                <p class="note">Out of the paper’s regime: these trainings are none that the paper speaks of.</p>
              )}
              {claim.caution !== null && (
                <p class="note">
                  <Sentence>{claim.caution}</Sentence>
                </p>
              )}
            </div>
          </li>
        ))}
      </ul>
      {shown.length < claims.length && (
        <button type="button" onClick={() => setAll(true)}>
          and {claims.length - shown.length} that this experiment does not run
        </button>
      )}
    </section>
  );
}
