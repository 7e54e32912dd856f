import type { Lease, Store } from "../../store/store.ts";
import type { Progress } from "../types.ts";

/** What a stage is given to run with; none of it is part of the stage's identity. */
export interface StageContext {
  readonly store: Store;
  /** The right to write this stage's object. */
  readonly lease: Lease;
  /** `cpu` or `cuda:N`. */
  readonly device: string;
  readonly threads: number;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}
