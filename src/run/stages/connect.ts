import { buildModel } from "../../models/index.ts";
import type { ConnectStage } from "../../plan/types.ts";
import { errorBarrier, errorPercent } from "../../stats/connectivity.ts";
import { outputFile } from "../../store/layout.ts";
import { evaluatePath } from "../../train/interpolate.ts";
import type { StageStatus } from "../types.ts";
import { cachedData } from "./attempt.ts";
import type { StageContext } from "./context.ts";
import { commit } from "./output.ts";

/** Test loss and accuracy on the straight line between two networks. It takes moments, so it keeps no checkpoint. */
export async function runConnect(stage: ConnectStage, context: StageContext): Promise<StageStatus> {
  const startedAt = new Date();
  const { store, lease, device, signal } = context;
  const { model, precision, engine, points } = stage.parameters;
  const { a, b } = stage.inputs;
  const data = cachedData(stage.parameters.data);
  const path = await evaluatePath({
    model: buildModel(model, data.info),
    a: store.readState(a.key, a.output),
    b: store.readState(b.key, b.output),
    points,
    data,
    precision,
    ...(engine === undefined ? {} : { engine }),
    device,
    signal,
  });
  if (path === undefined) return "interrupted";
  const lines = path.map(({ share, loss, accuracy }) => ({
    share,
    // The middle of the line may be so far off that the loss is no number; its accuracy still is one.
    testLoss: Number.isFinite(loss) ? loss : null,
    testAccuracy: accuracy,
  }));
  lease.write(outputFile("path"), `${JSON.stringify(lines)}\n`);
  const barrier = errorBarrier(path.map(({ accuracy }) => errorPercent(accuracy)));
  commit(stage, context, { startedAt, summary: { barrier }, data: data.fingerprint });
  return "done";
}
