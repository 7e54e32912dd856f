import { useEffect, useState } from "preact/hooks";

export type Theme = "auto" | "light" | "dark";

const STORED = "sweepstake-theme";
const themes: readonly Theme[] = ["auto", "light", "dark"];

/** The chosen theme, kept in this browser, and whether that is dark now. */
export function useTheme(): { readonly theme: Theme; readonly isDark: boolean; readonly next: () => void } {
  const [theme, setTheme] = useState<Theme>(
    () => themes.find((name) => name === localStorage.getItem(STORED)) ?? "auto",
  );
  const [systemIsDark, setSystemIsDark] = useState(() => darkScreen().matches);
  useEffect(() => {
    const query = darkScreen();
    const onChange = () => setSystemIsDark(query.matches);
    query.addEventListener("change", onChange);
    return () => query.removeEventListener("change", onChange);
  }, []);
  const isDark = theme === "dark" || (theme === "auto" && systemIsDark);
  document.documentElement.dataset.theme = isDark ? "dark" : "light";
  const next = () => {
    const following = themes[(themes.indexOf(theme) + 1) % themes.length] ?? "auto";
    localStorage.setItem(STORED, following);
    setTheme(following);
  };
  return { theme, isDark, next };
}

function darkScreen(): MediaQueryList {
  return matchMedia("(prefers-color-scheme: dark)");
}
