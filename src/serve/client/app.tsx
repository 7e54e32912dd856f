import type { JSX } from "preact";
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { addressOf, type Selection, selectionOf } from "./address.ts";
import { type AppContext, AppProvider } from "./app-context.ts";
import { Experiments } from "./experiments.tsx";
import { Help } from "./help.tsx";
import { LayersPage } from "./layers-page.tsx";
import type { Live, LiveState } from "./live.ts";
import { RunsPage } from "./runs-page.tsx";
import { useTheme } from "./theme.ts";
import { VerdictsPage } from "./verdicts-page.tsx";

const pages: readonly (readonly [Selection["page"], string])[] = [
  ["runs", "Runs"],
  ["verdicts", "Verdicts"],
  ["layers", "Layers"],
];

/** How long a message stays. */
const SAID_MS = 6_000;

export function App({ live }: { readonly live: Live }): JSX.Element {
  const [state, setState] = useState<LiveState>(live.state);
  const [selection, setSelection] = useState(() => selectionOf(location.hash));
  const [isHelp, setHelp] = useState(false);
  const { said, say } = useSaid();
  const { theme, isDark, next } = useTheme();
  useEffect(() => live.listen(setState), [live]);
  useEffect(() => {
    const onChange = () => setSelection(selectionOf(location.hash));
    addEventListener("hashchange", onChange);
    return () => removeEventListener("hashchange", onChange);
  }, []);
  const select = useCallback((part: Partial<Selection>) => {
    setSelection((before) => {
      const after = { ...before, ...part };
      // Only another page is a step to go back to; typing a filter is not.
      if (after.page === before.page) history.replaceState(null, "", addressOf(after));
      else history.pushState(null, "", addressOf(after));
      return after;
    });
  }, []);
  useKeys(select, () => setHelp((is) => !is));
  const context = useMemo<AppContext>(
    () => ({ ...state, selection, select, say, isDark }),
    [state, selection, select, say, isDark],
  );
  return (
    <AppProvider value={context}>
      <header class="top">
        <h1>sweepstake</h1>
        <nav aria-label="Pages">
          {pages.map(([page, title]) => (
            <a
              key={page}
              href={addressOf({ ...selection, page })}
              aria-current={selection.page === page ? "page" : undefined}
            >
              {title}
            </a>
          ))}
        </nav>
        <span class={`connection ${state.connection}`} role="status">
          {connectionTexts[state.connection]}
        </span>
        <button type="button" class="quiet" onClick={next} title="Colours: as the system, light, dark">
          {theme} colours
        </button>
        <button type="button" class="quiet" onClick={() => setHelp(true)} title="Keys and filters (?)">
          ? <span class="wide">keys</span>
        </button>
      </header>
      <main>{state.connection === "refused" ? <NoToken /> : <Content page={selection.page} />}</main>
      <div class="said" role="status" aria-live="polite">
        {said}
      </div>
      {isHelp && <Help onClose={() => setHelp(false)} />}
    </AppProvider>
  );
}

function Content({ page }: { readonly page: Selection["page"] }): JSX.Element {
  return (
    <>
      <Experiments />
      {page === "runs" && <RunsPage />}
      {page === "verdicts" && <VerdictsPage />}
      {page === "layers" && <LayersPage />}
    </>
  );
}

const connectionTexts: Readonly<Record<LiveState["connection"], string>> = {
  connecting: "connecting",
  live: "live",
  away: "server away",
  refused: "no token",
};

function NoToken(): JSX.Element {
  return (
    <section class="empty">
      <h2>This page needs its token</h2>
      <p>
        Open the address that <code>sweepstake serve</code> printed: it ends with <code>#token=…</code>. A server that
        was started anew has another one.
      </p>
    </section>
  );
}

function useSaid(): { readonly said: string; readonly say: (message: string) => void } {
  const [said, setSaid] = useState("");
  const timer = useRef(0);
  const say = useCallback((message: string) => {
    clearTimeout(timer.current);
    setSaid(message);
    timer.current = setTimeout(() => setSaid(""), SAID_MS);
  }, []);
  return { said, say };
}

/** Keys that work everywhere; those of the table are its own. */
function useKeys(select: (part: Partial<Selection>) => void, onHelp: () => void): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const target = event.target instanceof HTMLElement ? event.target : undefined;
      const isTyping = target?.matches("input, select, textarea") === true;
      if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
      const page = pages[Number(event.key) - 1]?.[0];
      if (page !== undefined) select({ page });
      else if (event.key === "?") onHelp();
      else if (event.key === "/") document.getElementById("filter")?.focus();
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [select, onHelp]);
}
