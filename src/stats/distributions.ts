import { createRequire } from "node:module";

type StudentT = typeof import("@stdlib/stats-base-dists-t");
type Normal = typeof import("@stdlib/stats-base-dists-normal");

const require = createRequire(import.meta.url);
let loadedT: StudentT | undefined;
let loadedNormal: Normal | undefined;

// Loading these takes some 200 ms, which a command that prints its help must not pay.
function t(): StudentT {
  loadedT ??= require("@stdlib/stats-base-dists-t") as StudentT;
  return loadedT;
}

function normal(): Normal {
  loadedNormal ??= require("@stdlib/stats-base-dists-normal") as Normal;
  return loadedNormal;
}

/** P(T > x) for Student's t; accurate in the far tail too. @param df degrees of freedom, > 0 */
export function tUpperTail(x: number, df: number): number {
  return t().cdf(-x, df);
}

/** The value that Student's t exceeds with probability `upper`, in (0, 1). @param df degrees of freedom, > 0 */
export function tCritical(upper: number, df: number): number {
  return -t().quantile(upper, df);
}

/** P(Z > x) for a standard normal; accurate in the far tail too. */
export function normalUpperTail(x: number): number {
  return normal().cdf(-x, 0, 1);
}
