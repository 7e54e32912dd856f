import { join } from "node:path";
import { collect } from "../analysis/collect.ts";
import { diagnose } from "../claims/diagnosis.ts";
import { diagnosisCsv, diagnosisJson, diagnosisText } from "../claims/diagnosis-text.ts";
import { writeFileAtomic } from "../core/atomic-write.ts";
import { learningRates } from "../figures/learning-rates.ts";
import { renderSvg } from "../figures/render.ts";
import type { Plan } from "../plan/types.ts";
import { diagnosisPage } from "../report/diagnosis-page.ts";
import { writeFigures } from "../report/write-figures.ts";
import { writeReport } from "../report/write-report.ts";
import type { Store } from "../store/store.ts";
import { reportFolder, takenNotice } from "./report-folder.ts";

/** Writes the diagnosis of a learning rate beside the report of its dense runs, and prints it (or JSON). */
export async function showDiagnosis(
  plan: Plan,
  store: Store,
  lr: number,
  options: { readonly out: string; readonly json: boolean },
): Promise<void> {
  const results = collect(plan, store);
  const diagnosis = diagnose(results, lr);
  const { folder, isTaken } = reportFolder(plan, options.out, { diagnosed: lr });
  await writeReport(results, folder);
  const figure = learningRates(results, diagnosis);
  const drawn = figure === undefined ? [] : [{ figure, svg: await renderSvg(figure.spec) }];
  const json = diagnosisJson(diagnosis);
  const page = join(folder, "diagnosis.html");
  writeFileAtomic(page, diagnosisPage(diagnosis, drawn));
  writeFileAtomic(join(folder, "diagnosis.csv"), diagnosisCsv(diagnosis));
  writeFileAtomic(join(folder, "diagnosis.json"), json);
  await writeFigures(drawn, folder);
  process.stdout.write(options.json ? json : diagnosisText(diagnosis));
  if (isTaken) process.stderr.write(takenNotice(plan.spec.name, folder));
  process.stderr.write(`diagnosis: ${page}\n`);
}
