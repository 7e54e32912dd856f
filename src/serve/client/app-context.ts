import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { nothingSelected, type Selection } from "./address.ts";
import type { LiveState } from "./live.ts";

/** What every part of the page sees, and the one way to change what is looked at. */
export interface AppContext extends LiveState {
  readonly selection: Selection;
  readonly select: (part: Partial<Selection>) => void;
  /** Tells the user something for a while; read out by screen readers. */
  readonly say: (message: string) => void;
  /** Whether colours are those of a dark screen; drawings are made anew when it changes. */
  readonly isDark: boolean;
}

const context = createContext<AppContext>({
  connection: "connecting",
  store: "",
  experiments: [],
  runs: [],
  problems: [],
  selection: nothingSelected,
  select: () => undefined,
  say: () => undefined,
  isDark: false,
});

export const AppProvider = context.Provider;

export function useApp(): AppContext {
  return useContext(context);
}
