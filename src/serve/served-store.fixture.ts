import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Hono } from "hono";
import type { Json } from "../core/canonical-json.ts";
import { experimentId } from "../plan/experiment-id.ts";
import { makePlan } from "../plan/plan.ts";
import type { Plan } from "../plan/types.ts";
import { execute } from "../run/execute.ts";
import { InlineSlot } from "../run/inline.ts";
import { parseSpec } from "../spec/parse.ts";
import { Store } from "../store/store.ts";
import { liveApp } from "./app.ts";
import { StoreWatch } from "./store-watch.ts";

/** A small experiment, really run, whose name and question would do harm if they were taken for HTML. */
const text = `
name: <b>tiny
question: Is <script>alert(1)</script> text?
data: { name: fashion-mnist, subset: 64, testSubset: 32 }
model: { name: lenet5, width: 0.5 }
train: { epochs: 2, batchSize: 32, optimizer: { sgd: { lr: 0.05 } } }
seeds: 2
prune: [{ one-shot: { sparsities: [0.5] } }]
retrain: [ticket, reinit]
`;

export const token = "a-token-for-tests";
export const host = { Host: "127.0.0.1:8765" };
export const allowed = { ...host, Authorization: `Bearer ${token}` };

/** The page's server over a store that holds the experiment, to be asked in this process. */
export class ServedStore {
  readonly folder = mkdtempSync(join(tmpdir(), "sweepstake-serve-"));
  readonly plan: Plan = makePlan(parseSpec(text, "tiny.yaml"));
  readonly id = experimentId(this.plan);
  readonly store = Store.open(this.folder);
  readonly watch = new StoreWatch(this.store, this.folder);
  readonly #app: Hono = liveApp({ store: this.store, watch: this.watch, token, by: "a test" });

  /** @returns once everything is run and seen */
  static async open(): Promise<ServedStore> {
    const served = new ServedStore();
    const { plan, store } = served;
    store.experiments.note(served.id, plan.spec as unknown as Json);
    await execute({ plan, store, slots: [new InlineSlot(store, "cpu", 1)], onEvent: () => undefined });
    await served.watch.look();
    return served;
  }

  close(): void {
    this.watch.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async request(path: string, init: RequestInit): Promise<Response> {
    return this.#app.request(path, init);
  }

  get(path: string, headers: Record<string, string> = allowed): Promise<Response> {
    return this.request(path, { headers });
  }

  post(path: string, body: unknown, headers: Record<string, string> = allowed): Promise<Response> {
    return this.request(path, { method: "POST", headers, body: JSON.stringify(body) });
  }
}
