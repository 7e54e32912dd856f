import { join, resolve } from "node:path";
import type { Results } from "../analysis/types.ts";
import { judgeClaims } from "../claims/judge.ts";
import { claimsMarkdown } from "../claims/markdown.ts";
import { claimsCsv, claimsJson } from "../claims/rows.ts";
import { claimsText } from "../claims/text.ts";
import { writeFileAtomic } from "../core/atomic-write.ts";
import { claimsPage } from "../report/claims-page.ts";

/** Judges the claims, writes `reports/claims/` and prints the verdicts (or JSON). */
export function showClaims(
  results: readonly Results[],
  scale: string,
  options: { readonly out: string; readonly json: boolean },
): void {
  const judged = judgeClaims(results, scale);
  const json = claimsJson(judged);
  const folder = join(resolve(options.out), "reports", "claims");
  const files = {
    "claims.html": claimsPage(judged),
    "claims.md": claimsMarkdown(judged),
    "claims.csv": claimsCsv(judged),
    "claims.json": json,
  };
  for (const [name, content] of Object.entries(files)) writeFileAtomic(join(folder, name), content);
  process.stdout.write(options.json ? json : claimsText(judged));
  process.stderr.write(`claims: ${Object.keys(files).join(", ")} in ${folder}\n`);
}
