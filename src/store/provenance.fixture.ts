import type { Provenance } from "./types.ts";

/** Where and how the results of the store's tests were computed, as far as the store is concerned. */
export const provenance: Provenance = {
  sweepstake: "0.1.0",
  node: "v20",
  libtorch: "1.13.1",
  device: "cpu",
  threads: 1,
  precision: "float32",
  hardware: "a CPU",
  startedAt: "2026-01-01T00:00:00Z",
  finishedAt: "2026-01-01T00:00:01Z",
  durationMs: 1000,
  resumes: 0,
};
