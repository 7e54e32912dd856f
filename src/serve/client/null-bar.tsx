import type { JSX } from "preact";

/** R_p as a bar with the tick of its null across it; both are shares. */
export function NullBar({ share, nullShare }: { readonly share: number; readonly nullShare: number }): JSX.Element {
  const x = (value: number) => 100 * Math.max(0, Math.min(1, value));
  return (
    <svg class="null-bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
      <rect x="0" y="2" width={x(share)} height="6" />
      <line x1={x(nullShare)} x2={x(nullShare)} y1="0" y2="10" />
    </svg>
  );
}
