import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

const keys: readonly (readonly [string, string])[] = [
  ["1 2 3", "runs, verdicts, layers"],
  ["/", "to the filter"],
  ["↑ ↓ or k j", "from row to row of the table"],
  ["Enter", "a run’s details; a group’s runs"],
  ["Space", "draw its curve, or no longer"],
  ["b", "compare the others with this run"],
  ["Esc", "close the details"],
  ["?", "this help"],
];

const filters: readonly (readonly [string, string])[] = [
  ["ticket", "the word is in a name, label or state"],
  ["state:running,failed", "one of several"],
  ["lr:0.1 sparsity>=0.7", "both; a field by its name, or by the end of its path"],
  ["-start:dense", "not that"],
  ['pruning:"one-shot (snip)"', "with spaces"],
];

/** Keys and filters, as a dialog. */
export function Help({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} class="help" aria-labelledby="help-title" onClose={onClose}>
      <h2 id="help-title">Keys and filters</h2>
      <Terms terms={keys} />
      <h3>Filters</h3>
      <Terms terms={filters} />
      <form method="dialog">
        <button type="submit">Close</button>
      </form>
    </dialog>
  );
}

function Terms({ terms }: { readonly terms: typeof keys }): JSX.Element {
  return (
    <dl>
      {terms.map(([term, meaning]) => (
        <div key={term}>
          <dt>
            <kbd>{term}</kbd>
          </dt>
          <dd>{meaning}</dd>
        </div>
      ))}
    </dl>
  );
}
