import { z } from "zod";

/** What a checkpoint holds beside the trainer's state: how it was computed so far, which is no part of the result. */
const costsSchema = z.object({
  /** Threads that it was computed with: only with as many do the bits go on. */
  threads: z.int().positive(),
  elapsedMs: z.number(),
  resumes: z.int(),
  timing: z.array(
    z.object({
      epoch: z.int(),
      trainSeconds: z.number(),
      evaluationSeconds: z.number(),
      imagesPerSecond: z.number(),
    }),
  ),
});

export type Costs = Readonly<z.infer<typeof costsSchema>>;

/** The costs in a checkpoint; undefined for those of another program, or of a version that did not keep the number of threads. */
export function parseCosts(bytes: Uint8Array): Costs | undefined {
  try {
    return costsSchema.safeParse(JSON.parse(Buffer.from(bytes).toString("utf8"))).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
