import type { CompareStage } from "../../plan/types.ts";
import { correlation } from "../../stats/correlation.ts";
import type { StageStatus } from "../types.ts";
import type { StageContext } from "./context.ts";
import { readMask } from "./mask.ts";
import { commit } from "./output.ts";

/** The overlap of two weight sets per layer and p, with its null: what R_p is made of. */
export function runCompare(stage: CompareStage, context: StageContext): StageStatus {
  const startedAt = new Date();
  const { mode, layers, p, partial } = stage.parameters;
  const { a, b, mask } = stage.inputs;
  const points = correlation({
    mode,
    layers,
    p,
    ...(partial === undefined ? {} : { partial }),
    a: context.store.readState(a.key, a.output),
    b: context.store.readState(b.key, b.output),
    ...(mask === undefined ? {} : { mask: readMask(context, mask) }),
  });
  context.lease.write("overlap.json", `${JSON.stringify(points)}\n`);
  commit(stage, context, { startedAt, summary: points.map(({ p: share, rp, nullRp }) => ({ p: share, rp, nullRp })) });
  return "done";
}
