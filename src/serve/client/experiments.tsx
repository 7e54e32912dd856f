import type { JSX } from "preact";
import type { ExperimentView } from "../views.ts";
import { post } from "./api.ts";
import { useApp } from "./app-context.ts";
import { durationText } from "./format.ts";
import type { Run } from "./runs-model.ts";

/** The store's experiments with how far each is; choosing one shows it alone. */
export function Experiments(): JSX.Element {
  const { experiments, runs, problems, store, connection } = useApp();
  return (
    <section aria-label="Experiments" class="experiments">
      {[...experiments].sort(byName).map((experiment) => (
        <Card
          key={experiment.id}
          experiment={experiment}
          runs={runs.filter((run) => run.experiment === experiment.id)}
        />
      ))}
      {problems.map((problem) => (
        <p key={problem} class="problem">
          {problem}
        </p>
      ))}
      {connection === "live" && experiments.length === 0 && problems.length === 0 && (
        <div class="empty">
          <h2>No experiment here yet</h2>
          <p>
            <code>sweepstake run SPEC</code> notes its experiment in <code>{store}</code>, and it appears here. One that
            was run by an older version appears after it is run again; what is done is reused.
          </p>
        </div>
      )}
    </section>
  );
}

function byName(a: ExperimentView, b: ExperimentView): number {
  return a.name.localeCompare(b.name, "en", { numeric: true });
}

function Card({
  experiment,
  runs,
}: {
  readonly experiment: ExperimentView;
  readonly runs: readonly Run[];
}): JSX.Element {
  const { selection, select, say } = useApp();
  const { id, name, question, stages, secondsLeft, stopped } = experiment;
  const short = id.slice(0, 8);
  const isChosen = selection.experiment === short;
  const count = (state: Run["state"]) => new Set(runs.filter((run) => run.state === state).map(({ key }) => key)).size;
  const counts = (["running", "waiting", "stopped", "failed", "diverged"] as const)
    .map((state) => [state, count(state)] as const)
    .filter(([, n]) => n > 0);
  const ask = async () => {
    try {
      await post(stopped ? "/api/resume" : "/api/stop", { target: id });
      say(
        stopped
          ? `${name}: a run that is at work goes on with it; else run the same command again`
          : `${name}: stopping at the next step`,
      );
    } catch (error) {
      say(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <article class={`card${isChosen ? " chosen" : ""}`}>
      <h2>
        <button
          type="button"
          class="link"
          aria-pressed={isChosen}
          title={question}
          onClick={() => select({ experiment: isChosen ? "" : short, variant: "" })}
        >
          {name}
        </button>
      </h2>
      <progress value={stages.done} max={stages.all} aria-label={`${name}: stages done`} />
      <p>
        {stages.done} of {stages.all} stages
        {counts.map(([state, n]) => (
          <span key={state}>
            {" · "}
            <span class={`dot ${state}`} aria-hidden="true" />
            {n} {state}
          </span>
        ))}
        {secondsLeft !== null && ` · about ${durationText(secondsLeft)} left`}
      </p>
      {(stopped || stages.done < stages.all) && (
        <button type="button" onClick={() => void ask()}>
          {stopped ? "Resume" : "Stop"} <span class="sr">{name}</span>
        </button>
      )}
    </article>
  );
}
