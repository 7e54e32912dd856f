import { z } from "zod";
import { canonicalJson } from "../core/canonical-json.ts";
import { InputError } from "../core/errors.ts";
import type { AdmmCheckpoint } from "./admm.ts";
import { decodeCheckpoint, type EncodedCheckpoint, encodeCheckpoint } from "./checkpoint.ts";

const prefix = "admm.";

/** The training's checkpoint with Z and U as `admm.z.<layer>`, `admm.u.<layer>` and the residuals so far beside it. */
export function encodeAdmmCheckpoint({ training, state, epochs }: AdmmCheckpoint): EncodedCheckpoint {
  const { tensors, metadata } = encodeCheckpoint(training);
  const own = [...state].map(([name, array]) => [prefix + name, array] as const);
  const lines = epochs.map((epoch) => ({ ...epoch, residuals: { ...epoch.residuals } }));
  return { tensors: new Map([...tensors, ...own]), metadata: { ...metadata, admm: canonicalJson(lines) } };
}

const epochsSchema = z.array(
  z.object({ epoch: z.number(), rho: z.number(), residuals: z.record(z.string(), z.number()) }),
);

/** The checkpoint that was encoded. @throws InputError when it is none, or one of another version */
export function decodeAdmmCheckpoint(encoded: EncodedCheckpoint): AdmmCheckpoint {
  const training = decodeCheckpoint(encoded);
  const state = [...encoded.tensors].flatMap(([name, array]) =>
    name.startsWith(prefix) ? [[name.slice(prefix.length), array] as const] : [],
  );
  return { training, state: new Map(state), epochs: parseEpochs(encoded.metadata.admm ?? "") };
}

function parseEpochs(text: string): AdmmCheckpoint["epochs"] {
  try {
    return epochsSchema.parse(JSON.parse(text));
  } catch {
    throw new InputError({ where: "checkpoint", message: "expected the residuals of an ADMM pruning, got none" });
  }
}
