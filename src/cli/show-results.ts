import { collect } from "../analysis/collect.ts";
import { resultsJson } from "../analysis/export.ts";
import { summaryTables } from "../analysis/tables.ts";
import type { PaperContext } from "../paper/types.ts";
import type { Plan } from "../plan/types.ts";
import { writeReport } from "../report/write-report.ts";
import type { Store } from "../store/store.ts";
import { reportFolder, takenNotice } from "./report-folder.ts";

/** Writes the report of what the store holds of a plan, prints the tables (or JSON), and says which files were written. */
export async function showResults(
  plan: Plan,
  store: Store,
  options: { readonly out: string; readonly json: boolean; readonly to?: "parquet" },
  paper?: PaperContext,
): Promise<void> {
  const results = collect(plan, store);
  const { folder, isTaken } = reportFolder(plan, options.out);
  const files = [...(await writeReport(results, folder, paper))];
  if (options.to === "parquet") {
    const { writeResultTables } = await import("../export/parquet/write-tables.ts");
    files.push(...(await writeResultTables(results, folder)));
  }
  process.stdout.write(options.json ? resultsJson(results) : summaryTables(results));
  if (isTaken) process.stderr.write(takenNotice(plan.spec.name, folder));
  for (const file of files.slice(0, 1)) process.stderr.write(`report: ${file}\n`);
  process.stderr.write(`figures and tables: ${files.length - 1} files in ${folder}\n`);
}
