import { type CsvRow, toCsv } from "../analysis/csv.ts";
import { accuracyText, pointsText, seedsText, spreadText } from "../analysis/format.ts";
import { renderTable, type TextTable } from "../analysis/text-table.ts";
import type { Diagnosis, RateResult } from "./diagnosis.ts";
import { ratesAround } from "./diagnosis-spec.ts";
import { ALPHA, CLOSE, NEAR_NULL, SHARE, WELL_ABOVE_NULL } from "./margins.ts";
import { effectOf, rounded } from "./rows.ts";
import { decidingLeaf, effectText, statementText } from "./statement-text.ts";

const WIDTH = 100;

/** What the outcomes mean, for people. */
export const diagnosisRules =
  `Sufficient: the accuracy is established to be at most ${CLOSE} points below that of every other rate of the sweep that does not diverge, and ` +
  `R_${SHARE}(θ0, θT) to be within ${NEAR_NULL} percent points of its null. Insufficient: it is established to be more than ${CLOSE} points ` +
  `below that of some higher rate, and R_${SHARE}(θ0, θT) to be more than ${WELL_ABOVE_NULL} points above its null. Too high: it is established to be ` +
  `more than ${CLOSE} points below that of some lower rate, or a seed diverged. All else is undecided. Tests are paired by seed, at ${ALPHA} for each ` +
  "outcome, corrected where one of several rates is enough.";

/** The diagnosis for the terminal. */
export function diagnosisText(diagnosis: Diagnosis): string {
  return [
    `Is lr ${diagnosis.lr} sufficient? ${diagnosis.setting.label}, ${seedsText(diagnosis.seeds.length)}\n`,
    renderTable(ratesTable(diagnosis), WIDTH),
    `${diagnosisSentences(diagnosis).join("\n")}\n`,
  ].join("\n");
}

/** Rows: learning rates, with accuracy, its difference to the rate in question, and R_p beside its null. */
export function ratesTable({ lr, rates, seeds }: Diagnosis): TextTable {
  return {
    title: `Dense test accuracy in %, and R_${SHARE}(θ0, θT) in % with its null: mean ± sd`,
    columns: ["lr", "accuracy", `− that at lr ${lr}`, `R_${SHARE}`, "null", "excess", ""],
    rows: rates.map((rate) => [
      `${rate.lr}`,
      rate.accuracy === undefined ? "-" : spreadText(rate.accuracy, accuracyText, seeds.length),
      rate.lr === lr ? "-" : effectText(rate.difference),
      rate.rp === undefined ? "-" : spreadText(rate.rp, oneDecimal, seeds.length),
      rate.nullMean === undefined ? "-" : oneDecimal(rate.nullMean),
      effectText(rate.excess),
      rateNote(rate, lr),
    ]),
    heads: 1,
  };
}

function rateNote(rate: RateResult, lr: number): string {
  const parts = [
    ...(rate.lr === lr ? ["in question"] : []),
    ...(rate.diverged.length > 0 ? [`seed ${rate.diverged.join(", ")} diverged`] : []),
  ];
  return parts.join("; ");
}

function oneDecimal(percent: number): string {
  return percent.toFixed(1);
}

/** The verdict, the numbers behind it, and what to use. */
export function diagnosisSentences(diagnosis: Diagnosis): readonly string[] {
  const [only, ...others] = diagnosis.rates;
  if (only !== undefined && others.length === 0) return singleRateSentences(only);
  return [verdictSentence(diagnosis), ...evidenceSentences(diagnosis), adviceSentence(diagnosis)];
}

/** One rate may be too high by itself; all else is a comparison. */
function singleRateSentences({ lr, diverged, accuracy, rp, nullMean = 0, excess }: RateResult): readonly string[] {
  const verdict =
    diverged.length > 0
      ? `lr ${lr} is too high: ${seedsText(diverged.length)} diverged.`
      : `Whether lr ${lr} is sufficient is not judged: it is the only rate, so there is nothing to compare it with.`;
  const correlation =
    rp === undefined
      ? `R_${SHARE}(θ0, θT) is not measured yet.`
      : `R_${SHARE}(θ0, θT) is ${oneDecimal(rp.mean)} % against a null of ${oneDecimal(nullMean)} %, an excess of ` +
        `${effectText(excess)} points (${seedsText(rp.n)}); within ±${NEAR_NULL} it counts as at its null, above ` +
        `+${WELL_ABOVE_NULL} as well above.`;
  const reached =
    accuracy === undefined ? [] : [`Dense accuracy: ${spreadText(accuracy, accuracyText, accuracy.n)} %.`];
  return [verdict, ...reached, correlation, `Give it rates to compare with: --lr ${ratesAround(lr).join(",")}.`];
}

function verdictSentence(diagnosis: Diagnosis): string {
  const { lr, outcome, rates } = diagnosis;
  const diverged = rates.find((rate) => rate.lr === lr)?.diverged.length ?? 0;
  switch (outcome) {
    case "sufficient":
      return (
        `lr ${lr} is sufficient: its accuracy is at most ${CLOSE} points below that of every other rate of the sweep, and R_p(θ0, θT) is ` +
        `within ${NEAR_NULL} points of its null.`
      );
    case "insufficient":
      return (
        `lr ${lr} is insufficient: a higher rate is more accurate by over ${CLOSE} points, and R_p(θ0, θT) is over ${WELL_ABOVE_NULL} points ` +
        "above its null. Winning tickets found here may be due to that."
      );
    case "too high":
      return diverged > 0
        ? `lr ${lr} is too high: ${seedsText(diverged)} diverged.`
        : `lr ${lr} is too high: a lower rate is more accurate by over ${CLOSE} points.`;
    case "undecided":
      return undecidedSentence(diagnosis);
  }
}

function undecidedSentence({ lr, tested, seedsToDecide }: Diagnosis): string {
  if (tested.every(({ judged }) => judged.outcome === "fails"))
    return `lr ${lr} is neither sufficient nor insufficient nor too high, each is refuted: accuracy and R_p do not agree.`;
  if (seedsToDecide === null) return `Whether lr ${lr} is sufficient is undecided.`;
  const seeds =
    typeof seedsToDecide === "number"
      ? `about ${seedsToDecide} seeds would decide`
      : "more than 1000 seeds would be needed";
  return `Whether lr ${lr} is sufficient is undecided, ${seeds}.`;
}

/** For an outcome the statement that it hangs on, otherwise for each hypothesis the one that is most open or refutes it. */
function evidenceSentences({ tested, outcome, rates, lr }: Diagnosis): readonly string[] {
  if (rates.some((rate) => rate.lr === lr && rate.diverged.length > 0)) return [];
  const shown = outcome === "undecided" ? tested : tested.filter((hypothesis) => hypothesis.outcome === outcome);
  return shown.flatMap((hypothesis) => {
    const state = { holds: "established", fails: "refuted", undecided: "open" }[hypothesis.judged.outcome];
    const side = hypothesis.judged.outcome === "fails" ? "pFails" : "pHolds";
    const leaf = decidingLeaf(hypothesis.judged, side);
    const number = leaf === undefined ? "nothing was run for it" : statementText(leaf, side);
    return [`  ${hypothesis.outcome}: ${state}; ${number}.`];
  });
}

function adviceSentence({ lr, use, rates, outcome }: Diagnosis): string {
  const chosen = rates.find((rate) => rate.lr === use);
  if (chosen?.accuracy === undefined || chosen.rp === undefined)
    return "No rate has a result in every seed, so none can be recommended.";
  const excess = chosen.rp.mean - (chosen.nullMean ?? 0);
  const numbers =
    `${accuracyText(chosen.accuracy.mean)} %, R_${SHARE} ${oneDecimal(chosen.rp.mean)} % against a null of ` +
    `${oneDecimal(chosen.nullMean ?? 0)} %`;
  const head = use === lr ? `Keep lr ${lr} (${numbers}).` : `Use lr ${chosen.lr} instead (${numbers}).`;
  const hedge = outcome === "undecided" ? " This is the best mean so far, not established." : "";
  const far =
    Math.abs(excess) < NEAR_NULL
      ? ""
      : ` Its R_p is ${pointsText(excess)} points from its null, so it is not desirable by the paper's criterion.`;
  const tried = rates.filter(({ diverged }) => diverged.length === 0).map((rate) => rate.lr);
  const edge =
    rates.length > 1 && use === rates.at(-1)?.lr
      ? ` It is the highest rate of the sweep: try higher ones too, --lr ${[...tried, 3 * (use ?? 0)].map((rate) => Number(rate.toPrecision(6))).join(",")}.`
      : "";
  return `${head}${hedge}${far}${edge}`;
}

/** Everything, as JSON. */
export function diagnosisJson(diagnosis: Diagnosis): string {
  const { lr, outcome, use, seedsToDecide, setting, seeds, tested, rates } = diagnosis;
  const content = {
    format: 1,
    setting: setting.label,
    seeds,
    lr,
    outcome,
    use: use ?? null,
    seedsToDecide,
    sentences: diagnosisSentences(diagnosis),
    rates,
    tested,
  };
  return `${JSON.stringify(content, null, 2)}\n`;
}

/** One row per learning rate. */
export function diagnosisCsv({ rates, lr, outcome }: Diagnosis): string {
  return toCsv(
    rates.map((rate): CsvRow => {
      const [difference, excess] = [rate.difference, rate.excess].map((statement) => statement && effectOf(statement));
      return {
        lr: rate.lr,
        inQuestion: rate.lr === lr ? outcome : undefined,
        n: rate.accuracy?.n ?? 0,
        diverged: rate.diverged.length,
        accuracy: rounded(rate.accuracy?.mean),
        accuracySd: rounded(rate.accuracy?.sd),
        difference: rounded(difference?.mean),
        differenceLow: rounded(difference?.interval?.[0]),
        differenceHigh: rounded(difference?.interval?.[1]),
        rp: rounded(rate.rp?.mean),
        nullMean: rounded(rate.nullMean),
        excess: rounded(excess?.mean),
        excessLow: rounded(excess?.interval?.[0]),
        excessHigh: rounded(excess?.interval?.[1]),
      };
    }),
  );
}
