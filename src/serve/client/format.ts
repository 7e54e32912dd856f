/** `1 h 05 min`, `3 min 20 s`, `12 s`. */
export function durationText(seconds: number | null): string {
  if (seconds === null) return "–";
  const whole = Math.round(seconds);
  if (whole < 60) return seconds < 10 ? `${seconds.toFixed(1)} s` : `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
  if (whole < 86_400)
    return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, "0")} min`;
  return `${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3600)} h`;
}

/** With a fixed number of decimals, and a real minus. */
export function numberText(value: number | null, decimals: number): string {
  return value === null ? "–" : value.toFixed(decimals).replace("-", "−");
}

/** `+0.31`, `−1.80`. */
export function differenceText(value: number): string {
  const text = Math.abs(value).toFixed(2);
  return text === "0.00" ? text : `${value < 0 ? "−" : "+"}${text}`;
}

/** `27 Nov 16:20`, in the reader's time zone. */
export function timeText(iso: string | null): string {
  if (iso === null) return "–";
  const time = new Date(iso);
  return time.toLocaleString("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
}
