import { describe, expect, test } from "vitest";
import type { Results } from "../analysis/types.ts";
import { admmCaution } from "./admm.ts";
import { judgeClaims } from "./judge.ts";
import { claimsMarkdown } from "./markdown.ts";
import { claimsCsv, claimsJson } from "./rows.ts";
import { claimsText } from "./text.ts";
import { worldResults } from "./world.fixture.ts";

// The fixture's prunings have converged at 0.3, 0.5 and 0.7, and not at 0.9: 0.9 · exp(-1.2) · (1 + 0.3·layer + 0.1·seed).
const converged = judgeClaims([worldResults()], "x");
const open = judgeClaims([worldResults({ sparsities: [0.3, 0.5, 0.9] })], "x");
const caution =
  "Caution: 3 of 9 ADMM prunings behind this have not converged (lr 0.1, admm 90 %: 3 of 3): ||W − Z|| / ||W|| ends at up to " +
  "49 %, in fc2.weight, expected at most 5 %.";

function cautions({ verdicts }: typeof open): readonly number[] {
  return verdicts.flatMap((verdict) => (verdict.caution === undefined ? [] : [verdict.claim.id]));
}

/** With the residual of every layer at the end of one sparsity's prunings set. */
function ending(residual: number, change: (run: Results["admm"][number]) => boolean): Results {
  const results = worldResults();
  const admm = results.admm.map((run) => {
    const last = run.epochs.at(-1);
    if (!change(run) || last === undefined) return run;
    return { ...run, epochs: [...run.epochs.slice(0, -1), { ...last, residuals: { "fc1.weight": residual } }] };
  });
  return { ...results, admm };
}

describe("claims that rest on ADMM masks", () => {
  test("carry a caution when a pruning has not converged; others do not", () => {
    expect(cautions(converged)).toEqual([]);
    // Claim 7 is about sparsity 0.5 alone, where ADMM has converged.
    expect(cautions(open)).toEqual([5, 6, 8]);
    expect(open.verdicts.find(({ claim }) => claim.id === 8)?.caution).toBe(caution);
  });

  test("claim 7 too, from one seed on, and not for the low rate that it does not use", () => {
    const at = (variant: string) =>
      ending(0.051, (run) => run.variant === variant && run.seed === 1 && run.cell.sparsity === 0.5);
    const judged = judgeClaims([at("v1")], "x");
    expect(cautions(judged)).toEqual([5, 6, 7, 8]);
    expect(judged.verdicts.find(({ claim }) => claim.id === 7)?.caution).toBe(
      "Caution: 1 of 3 ADMM prunings behind this have not converged (lr 0.1, admm 50 %: 1 of 3): ||W − Z|| / ||W|| ends at up to " +
        "5.1 %, in fc1.weight, expected at most 5 %.",
    );
    expect(cautions(judgeClaims([at("v0")], "x"))).toEqual([]);
    expect(cautions(judgeClaims([ending(0.05, () => true)], "x"))).toEqual([]);
  });

  test("a mask that two variants share counts for both", () => {
    const results = ending(0.2, () => true);
    const [first] = results.admm;
    const key = first?.cell.mask.key ?? "";
    const shared = results.arms.map((arm) =>
      arm.cell?.pruning === "admm" && arm.cell.sparsity === first?.cell.sparsity && arm.seed === first.seed
        ? { ...arm, cell: { ...arm.cell, mask: { ...arm.cell.mask, key } } }
        : arm,
    );
    const admm = results.admm.filter((run) => run === first);
    expect(cautions(judgeClaims([{ ...results, arms: shared, admm }], "x"))).toEqual([5, 6, 8]);
  });

  test("in the terminal, Markdown, JSON and CSV", () => {
    expect(claimsText(open).split(caution)).toHaveLength(4);
    expect(claimsText(open)).toMatch(/^5 +lenet5 on fashion-mnist +confirmed \* /m);
    expect(claimsText(open)).toMatch(/^7 +lenet5 on fashion-mnist +confirmed {2}/m);
    expect(claimsText(converged)).not.toMatch(/Caution|\*/);
    expect(claimsMarkdown(open).split(`**${caution}**`)).toHaveLength(4);
    expect(claimsMarkdown(open)).toContain("\n\\* rests on masks of ADMM prunings that have not converged");
    const json = JSON.parse(claimsJson(open)) as { claims: { id: number; caution: string | null }[] };
    expect(json.claims.filter((claim) => claim.caution === caution).map(({ id }) => id)).toEqual([5, 6, 8]);
    const [head = "", ...lines] = claimsCsv(open).trimEnd().split("\n");
    expect(head.split(",")).toContain("admmNotConverged");
    expect(lines.filter((line) => line.includes("admm 90 %"))).not.toHaveLength(0);
  });

  test("without a pruning there is nothing to say", () => {
    expect(admmCaution([])).toBeUndefined();
  });
});
