import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useApp } from "./app-context.ts";
import type { Column } from "./columns.tsx";
import type { Line } from "./runs-page.tsx";

/** Lines made above and below what is in sight. */
const SPARE = 12;

interface RunTableProps {
  readonly lines: readonly Line[];
  readonly columns: readonly Column[];
  readonly onToggle: (group: string) => void;
}

/** All runs or groups; of thousands only those in sight are in the document. */
export function RunTable({ lines, columns, onToggle }: RunTableProps): JSX.Element {
  const { selection, select } = useApp();
  const scroller = useRef<HTMLElement>(null);
  // Every line is as high as the style sheet says: only those in sight are made.
  const [view, setView] = useState({ top: 0, height: 800, line: 32 });
  const [cursor, setCursor] = useState(0);
  const isMoved = useRef(false);
  const current = Math.min(cursor, Math.max(0, lines.length - 1));
  useEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    const measure = () => {
      const line = Number.parseFloat(getComputedStyle(element).getPropertyValue("--row"));
      setView({ top: element.scrollTop, height: element.clientHeight, line });
    };
    measure();
    element.addEventListener("scroll", measure, { passive: true });
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => {
      element.removeEventListener("scroll", measure);
      observer.disconnect();
    };
  }, []);
  // Other lines, or in another order, are seen from the first one on.
  const { experiment, filter, sort, group } = selection;
  useEffect(() => {
    setCursor(0);
    scroller.current?.scrollTo(0, 0);
  }, [experiment, filter, sort, group]);
  useEffect(() => {
    if (!isMoved.current) return;
    isMoved.current = false;
    scroller.current?.querySelector<HTMLElement>('tr[tabindex="0"]')?.focus({ preventScroll: true });
  });
  const { line: lineHeight } = view;
  // Fewer lines than a moment ago: the place in them is measured again only after they are drawn.
  const top = Math.min(view.top, Math.max(0, lines.length * lineHeight - view.height));
  const first = Math.max(0, Math.floor(top / lineHeight) - SPARE);
  const last = Math.min(lines.length, Math.ceil((top + view.height) / lineHeight) + SPARE);

  const moveTo = (index: number) => {
    const element = scroller.current;
    const next = Math.max(0, Math.min(lines.length - 1, index));
    setCursor(next);
    isMoved.current = true;
    if (element === null) return;
    // The head lies over the first line.
    if ((next - 1) * lineHeight < element.scrollTop) element.scrollTop = (next - 1) * lineHeight;
    if ((next + 2) * lineHeight > element.scrollTop + element.clientHeight)
      element.scrollTop = (next + 2) * lineHeight - element.clientHeight;
  };
  const act = (line: Line | undefined) => {
    if (line?.kind === "group") onToggle(line.group.id);
    else if (line !== undefined) select({ open: selection.open === line.id ? "" : line.id });
  };
  const choose = (line: Line | undefined) => {
    if (line === undefined) return;
    const ids = line.kind === "group" ? line.group.runs.map(({ id }) => id) : [line.id];
    const isChosen = ids.every((id) => selection.chosen.includes(id));
    const others = selection.chosen.filter((id) => !ids.includes(id));
    select({ chosen: isChosen ? others : [...others, ...ids] });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target instanceof HTMLElement && event.target.matches("button, input")) return;
    const line = lines[current];
    const page = Math.max(1, Math.floor(view.height / lineHeight) - 2);
    const actions: Record<string, () => void> = {
      ArrowDown: () => moveTo(current + 1),
      j: () => moveTo(current + 1),
      ArrowUp: () => moveTo(current - 1),
      k: () => moveTo(current - 1),
      PageDown: () => moveTo(current + page),
      PageUp: () => moveTo(current - page),
      Home: () => moveTo(0),
      End: () => moveTo(lines.length - 1),
      Enter: () => act(line),
      " ": () => choose(line),
      b: () => line?.kind === "run" && select({ baseline: selection.baseline === line.id ? "" : line.id }),
      Escape: () => select({ open: "" }),
    };
    const action = actions[event.key];
    if (action === undefined) return;
    event.preventDefault();
    action();
  };

  return (
    <section class="table" ref={scroller} onKeyDown={onKeyDown} aria-label="Table of runs">
      <table aria-rowcount={lines.length + 1}>
        <colgroup>
          <col class="tick" />
          {columns.map((column) => (
            <col
              key={column.head}
              class={column.isExtra ? "extra" : column.field}
              style={{ "--width": `${column.width}ch` }}
            />
          ))}
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>
            <th scope="col">
              <span class="sr">curve</span>
            </th>
            {columns.map((column) => (
              <Head key={column.head} column={column} />
            ))}
          </tr>
        </thead>
        <tbody>
          {first > 0 && <Space height={first * lineHeight} columns={columns.length + 1} />}
          {lines.slice(first, last).map((line, i) => (
            <Row
              key={line.id}
              line={line}
              index={first + i}
              isCurrent={first + i === current}
              columns={columns}
              onChoose={() => choose(line)}
              onAct={() => {
                setCursor(first + i);
                act(line);
              }}
            />
          ))}
          {last < lines.length && <Space height={(lines.length - last) * lineHeight} columns={columns.length + 1} />}
        </tbody>
      </table>
      {lines.length === 0 && <p class="none">No run fits the filter.</p>}
    </section>
  );
}

/** In the place of lines that are out of sight. */
function Space({ height, columns }: { readonly height: number; readonly columns: number }): JSX.Element {
  return (
    <tr class="space" style={{ height: `${height}px` }}>
      <td colSpan={columns} />
    </tr>
  );
}

function Head({ column: { field, head, isNumber, isExtra } }: { readonly column: Column }): JSX.Element {
  const { selection, select } = useApp();
  const isSorted = selection.sort.replace(/^-/, "") === field && head !== "to baseline";
  const isDown = selection.sort.startsWith("-");
  const next = isSorted ? (isDown ? "" : `-${field}`) : field;
  return (
    <th
      scope="col"
      class={`${isNumber ? "number" : ""}${isExtra ? " extra" : ""}`}
      aria-sort={isSorted ? (isDown ? "descending" : "ascending") : "none"}
    >
      <button type="button" class="link" title={field} onClick={() => select({ sort: next })}>
        {head}
        {isSorted && <span aria-hidden="true">{isDown ? " ↓" : " ↑"}</span>}
      </button>
    </th>
  );
}

interface RowProps {
  readonly line: Line;
  readonly index: number;
  readonly isCurrent: boolean;
  readonly columns: readonly Column[];
  readonly onChoose: () => void;
  readonly onAct: () => void;
}

function Row({ line, index, isCurrent, columns, onChoose, onAct }: RowProps): JSX.Element {
  const { selection } = useApp();
  const ids = line.kind === "group" ? line.group.runs.map(({ id }) => id) : [line.id];
  const isChosen = ids.every((id) => selection.chosen.includes(id));
  const title = line.kind === "group" ? line.group.title : line.run.label;
  const onClick = (event: MouseEvent) => {
    if (!(event.target instanceof HTMLInputElement)) onAct();
  };
  const marks = [
    line.kind,
    ...(line.kind === "run" && line.isInGroup ? ["inner"] : []),
    ...(line.id === selection.open ? ["open"] : []),
    ...(line.id === selection.baseline ? ["baseline"] : []),
  ];
  return (
    <tr aria-rowindex={index + 2} class={marks.join(" ")} tabIndex={isCurrent ? 0 : -1} onClick={onClick}>
      <td>
        <input type="checkbox" checked={isChosen} aria-label={`Curve of ${title}`} tabIndex={-1} onChange={onChoose} />
      </td>
      {columns.map((column) => (
        <Cell key={column.head} line={line} column={column} title={title} />
      ))}
    </tr>
  );
}

function Cell({
  line,
  column,
  title,
}: {
  readonly line: Line;
  readonly column: Column;
  readonly title: string;
}): JSX.Element {
  const name = `${column.isNumber ? "number" : ""}${column.isExtra ? " extra" : ""}`;
  if (column.field === "run") {
    return (
      <th scope="row" class={name} title={title}>
        {line.kind === "group" && <span aria-hidden="true">{line.isOpen ? "▾ " : "▸ "}</span>}
        {line.kind === "group" ? line.group.title : column.cell(line.run)}
        <small class="narrow"> {placeOf(line)}</small>
      </th>
    );
  }
  return <td class={name}>{line.kind === "group" ? column.groupCell?.(line.group) : column.cell(line.run)}</td>;
}

/** On narrow screens, where the columns are left out that say it. */
function placeOf(line: Line): string {
  if (line.kind === "run") return `${line.run.variantLabel}, seed ${line.run.seed}`;
  const variants = new Set(line.group.runs.map(({ variantLabel }) => variantLabel));
  return variants.size === 1 ? [...variants].join("") : "";
}
