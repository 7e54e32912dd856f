import type { ComponentChildren, JSX } from "preact";
import { post } from "./api.ts";
import { useApp } from "./app-context.ts";
import { differenceText, durationText, numberText, timeText } from "./format.ts";
import { type Run, textOf } from "./runs-model.ts";

/** Everything about one run, what can be done with it, and how it differs from the baseline. */
export function RunPanel({ run, baseline }: { readonly run: Run; readonly baseline: Run | undefined }): JSX.Element {
  const { selection, select } = useApp();
  const isBaseline = baseline?.id === run.id;
  return (
    <aside class="details" aria-label="Run">
      <div class="panel-head">
        <h2>{run.label}</h2>
        <button type="button" class="quiet" aria-label="Close the details" onClick={() => select({ open: "" })}>
          ×
        </button>
      </div>
      <p>
        <span class={`dot ${run.state}`} aria-hidden="true" /> {run.state}
        {run.host !== null && ` on ${run.host}`}
      </p>
      {run.message !== null && <pre class="message">{run.message}</pre>}
      <div class="buttons">
        <StopButton run={run} />
        <button type="button" aria-pressed={isBaseline} onClick={() => select({ baseline: isBaseline ? "" : run.id })}>
          {isBaseline ? "Baseline" : "Pin as baseline"}
        </button>
        <button type="button" onClick={() => select({ filter: `key:${run.key.slice(0, 12)}`, group: "" })}>
          Where it is used
        </button>
      </div>
      <dl>
        <Fact name="test accuracy">
          {numberText(run.accuracy, 2)} %{baseline !== undefined && !isBaseline && difference(run, baseline)}
        </Fact>
        <Fact name="best">{numberText(run.bestAccuracy, 2)} %</Fact>
        <Fact name="losses">
          train {numberText(run.trainLoss, 4)}, test {numberText(run.testLoss, 4)}
        </Fact>
        <Fact name="epoch">
          {run.epoch} of {run.epochs}
        </Fact>
        {run.imagesPerSecond !== null && <Fact name="speed">{numberText(run.imagesPerSecond, 0)} images/s</Fact>}
        {run.secondsLeft !== null && <Fact name="time left">about {durationText(run.secondsLeft)}</Fact>}
        <Fact name="time">{durationText(run.seconds)}</Fact>
        {run.finishedAt !== null && <Fact name="finished">{timeText(run.finishedAt)}</Fact>}
        <Fact name="key">
          <code>{run.key}</code>
        </Fact>
      </dl>
      <Settings run={run} baseline={isBaseline ? undefined : baseline} isAll={selection.allFields} />
    </aside>
  );
}

function difference({ accuracy }: Run, baseline: Run): string {
  if (accuracy === null || baseline.accuracy === null) return "";
  return `, ${differenceText(accuracy - baseline.accuracy)} to the baseline`;
}

function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** Fields of the setting: those that differ from the baseline, or all. */
function Settings({
  run,
  baseline,
  isAll,
}: {
  readonly run: Run;
  readonly baseline: Run | undefined;
  readonly isAll: boolean;
}): JSX.Element {
  const paths = [...new Set([...Object.keys(run.fields), ...Object.keys(baseline?.fields ?? {})])].sort();
  const differs = (path: string) =>
    baseline !== undefined && (run.fields[path] ?? null) !== (baseline.fields[path] ?? null);
  const shown = baseline === undefined || isAll ? paths : paths.filter(differs);
  return (
    <details open={baseline !== undefined}>
      <summary>
        {baseline === undefined || isAll ? "All fields" : `Fields that differ from the baseline (${shown.length})`}
      </summary>
      <dl>
        {shown.map((path) => (
          <Fact key={path} name={path}>
            {differs(path) ? <mark>{textOf(run.fields[path] ?? null)}</mark> : textOf(run.fields[path] ?? null)}
            {differs(path) && <small> baseline {textOf(baseline?.fields[path] ?? null)}</small>}
          </Fact>
        ))}
      </dl>
    </details>
  );
}

/** Asks the executor, wherever it is, to stop the run at a checkpoint, or lets it go on. */
function StopButton({ run }: { readonly run: Run }): JSX.Element | null {
  const { say, runs } = useApp();
  if (run.state === "done" || run.state === "diverged" || run.state === "skipped") return null;
  const isStopped = run.state === "stopped";
  const ask = async () => {
    try {
      await post(isStopped ? "/api/resume" : "/api/stop", { target: run.key });
      const isAtWork = runs.some(({ experiment, state }) => experiment === run.experiment && state === "running");
      if (!isStopped) say("It stops after the step under way, with a checkpoint.");
      else
        say(
          isAtWork
            ? "It goes on as soon as a worker is free."
            : "No run is at work: start the same command again, and it goes on.",
        );
    } catch (error) {
      say(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <button type="button" onClick={() => void ask()}>
      {isStopped ? "Resume" : "Stop"}
    </button>
  );
}
