import type { JSX } from "preact";
import { useApp } from "./app-context.ts";
import { BY_SEED, ownFields, type Run, runTitle, shortName } from "./runs-model.ts";

interface ToolbarProps {
  readonly fields: readonly string[];
  readonly shown: number;
  readonly all: number;
  readonly problem: string | undefined;
  readonly baseline: Run | undefined;
}

/** Filter, sort, group, differences, baseline. */
export function Toolbar({ fields, shown, all, problem, baseline }: ToolbarProps): JSX.Element {
  const { selection, select } = useApp();
  const names = fields.map((field) => [field, ownFields[field] ?? shortName(field, fields)] as const);
  const isDown = selection.sort.startsWith("-");
  const sortField = selection.sort.replace(/^-/, "");
  return (
    <form class="toolbar" aria-label="Runs" onSubmit={(event) => event.preventDefault()}>
      <label class="grow" for="filter">
        <span>Filter</span>
        <input
          id="filter"
          type="search"
          autocomplete="off"
          spellcheck={false}
          placeholder="ticket lr:0.1 sparsity>=0.7 state:running"
          value={selection.filter}
          aria-invalid={problem !== undefined}
          aria-describedby="filter-result"
          onInput={(event) => select({ filter: event.currentTarget.value })}
        />
      </label>
      <label>
        <span>Group by</span>
        <select value={selection.group} onChange={(event) => select({ group: event.currentTarget.value })}>
          <option value="">nothing</option>
          <option value={BY_SEED}>seeds together</option>
          <Fields names={names} />
        </select>
      </label>
      <label>
        <span>Sort by</span>
        <select
          value={sortField}
          onChange={(event) => select({ sort: `${isDown ? "-" : ""}${event.currentTarget.value}` })}
        >
          <option value="">the spec’s order</option>
          <Fields names={names} />
        </select>
      </label>
      <button
        type="button"
        aria-pressed={isDown}
        disabled={sortField === ""}
        onClick={() => select({ sort: isDown ? sortField : `-${sortField}` })}
      >
        high to low
      </button>
      <button
        type="button"
        aria-pressed={!selection.allFields}
        onClick={() => select({ allFields: !selection.allFields })}
      >
        differences only
      </button>
      {baseline !== undefined && (
        <button type="button" class="pinned" onClick={() => select({ baseline: "" })} title="Compare with no run">
          baseline: {runTitle(baseline)}, seed {baseline.seed} ×
        </button>
      )}
      <output id="filter-result" class={problem === undefined ? "" : "problem"}>
        {problem ?? `${shown} of ${all} runs`}
      </output>
    </form>
  );
}

function Fields({ names }: { readonly names: readonly (readonly [string, string])[] }): JSX.Element {
  return (
    <>
      {names.map(([field, name]) => (
        <option key={field} value={field}>
          {name}
        </option>
      ))}
    </>
  );
}
