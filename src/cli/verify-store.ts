import { experimentId } from "../plan/experiment-id.ts";
import type { Plan } from "../plan/types.ts";
import { stageLabels } from "../run/labels.ts";
import type { Store } from "../store/store.ts";

export interface DamagedObject {
  readonly key: string;
  /** What it is to the spec; absent without one. */
  readonly label?: string;
  readonly problems: readonly string[];
  /** What `--repair` did with it. */
  readonly repaired?: string;
}

export interface Verification {
  /** Objects that were read, every byte of them. */
  readonly checked: number;
  readonly damaged: readonly DamagedObject[];
  /** Ids of notes of experiments that are not as they were written. No result depends on them: `serve` shows less. */
  readonly damagedNotes: readonly string[];
}

/**
 * Reads every byte of a store's objects against their records.
 * @param plan   only the objects of its stages; without it all
 * @param repair whether damaged ones are moved to the quarantine, so that the next run computes them anew
 */
export function verifyStore(store: Store, plan: Plan | undefined, repair: boolean): Verification {
  const labels = plan === undefined ? undefined : stageLabels(plan);
  const keys = [...store.keys()].filter((key) => plan === undefined || plan.stages.has(key));
  const damaged = keys.flatMap((key): DamagedObject[] => {
    const problems = store.inspect(key);
    if (problems.length === 0) return [];
    const label = labels?.get(key);
    return [
      {
        key,
        ...(label === undefined ? {} : { label }),
        problems,
        ...(repair ? { repaired: store.quarantine(key) } : {}),
      },
    ];
  });
  const damagedNotes = store.experiments
    .ids()
    .filter((id) => (plan === undefined || id === experimentId(plan)) && store.experiments.read(id) === undefined);
  if (repair) for (const id of damagedNotes) store.experiments.remove(id);
  return { checked: keys.length, damaged, damagedNotes };
}

export function verificationText({ checked, damaged, damagedNotes }: Verification, repair: boolean): string {
  const lines = damaged.flatMap(({ key, label, problems, repaired }) => [
    `${key}${label === undefined ? "" : ` (${label})`}`,
    ...problems.map((problem) => `  ${problem}`),
    ...(repaired === undefined ? [] : [`  ${repaired.split("\n")[0] ?? ""}`]),
  ]);
  const notes = damagedNotes.map(
    (id) => `${id}: the note of this experiment is damaged${repair ? ", removed" : ""}: the next run writes it anew`,
  );
  const end =
    damaged.length === 0
      ? "all sound"
      : `${damaged.length} damaged${repair ? ", quarantined: the next run computes them anew" : "; --repair moves them out of the way"}`;
  return `${[...lines, ...notes, `${checked} objects, every byte read: ${end}`].join("\n")}\n`;
}
