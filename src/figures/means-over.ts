import { listText, seedsText } from "../analysis/format.ts";

/** A mean that a figure draws. */
export interface DrawnMean {
  /** Seeds that it is over. */
  readonly n: number;
  /** Where it is, for the reader: `lr 0.1, ticket, iterative 90 %`. */
  readonly at: string;
}

/** Up to so many places are named; more are a range. */
const MOST_PLACES = 2;

/** How many seeds the means of a figure are over: `3 seeds`, `3 seeds (2 at lr 0.1, ticket, iterative 90 %)`, or `1 to 3 seeds`. */
export function meansOver(means: readonly DrawnMean[]): string {
  const most = Math.max(...means.map(({ n }) => n));
  const fewer = new Map(means.filter(({ n }) => n < most).map(({ n, at }) => [`${n} at ${at}`, n]));
  if (fewer.size === 0) return seedsText(most);
  if (fewer.size > MOST_PLACES) return `${Math.min(...fewer.values())} to ${seedsText(most)}`;
  return `${seedsText(most)} (${listText([...fewer.keys()])})`;
}
