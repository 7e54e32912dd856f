import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import { useApp } from "./app-context.ts";
import { columnsOf } from "./columns.tsx";
import { CurvePanel } from "./curve-panel.tsx";
import { parseFilter } from "./filter.ts";
import { RunPanel } from "./run-panel.tsx";
import { RunTable } from "./run-table.tsx";
import { fieldsOf, type Group, grouped, type Run, sorted } from "./runs-model.ts";
import { Toolbar } from "./toolbar.tsx";

/** A line of the table: a group, or a run, which may be one of a group's. */
export type Line =
  | { readonly kind: "group"; readonly id: string; readonly group: Group; readonly isOpen: boolean }
  | { readonly kind: "run"; readonly id: string; readonly run: Run; readonly isInGroup: boolean };

export function RunsPage(): JSX.Element {
  const { runs, selection } = useApp();
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const here = useMemo(
    () => runs.filter(({ experiment }) => experiment.startsWith(selection.experiment)),
    [runs, selection.experiment],
  );
  const fields = useMemo(() => fieldsOf(here), [here]);
  const filter = useMemo(() => parseFilter(selection.filter, fields), [selection.filter, fields]);
  const shown = useMemo(() => sorted(here.filter(filter.matches), selection.sort), [here, filter, selection.sort]);
  const groups = useMemo(
    () => (selection.group === "" ? [] : grouped(shown, selection.group)),
    [shown, selection.group],
  );
  const lines = useMemo(() => linesOf(shown, groups, selection.group, open), [shown, groups, selection.group, open]);
  const baseline = runs.find(({ id }) => id === selection.baseline);
  const columns = useMemo(
    () => columnsOf(shown, selection.allFields, baseline),
    [shown, selection.allFields, baseline],
  );
  const opened = runs.find(({ id }) => id === selection.open);
  const toggle = (id: string) => {
    const next = new Set(open);
    if (!next.delete(id)) next.add(id);
    setOpen(next);
  };
  return (
    <>
      <Toolbar fields={fields} shown={shown.length} all={here.length} problem={filter.problem} baseline={baseline} />
      <div class={`runs${opened === undefined ? "" : " with-details"}`}>
        <CurvePanel shown={shown} groups={groups} />
        <RunTable lines={lines} columns={columns} onToggle={toggle} />
        {opened !== undefined && <RunPanel run={opened} baseline={baseline} />}
      </div>
    </>
  );
}

function linesOf(
  shown: readonly Run[],
  groups: readonly Group[],
  by: string,
  open: ReadonlySet<string>,
): readonly Line[] {
  if (by === "") return shown.map((run) => ({ kind: "run", id: run.id, run, isInGroup: false }));
  return groups.flatMap((group): readonly Line[] => {
    const isOpen = open.has(group.id);
    const head: Line = { kind: "group", id: `group ${group.id}`, group, isOpen };
    if (!isOpen) return [head];
    return [head, ...group.runs.map((run): Line => ({ kind: "run", id: run.id, run, isInGroup: true }))];
  });
}
