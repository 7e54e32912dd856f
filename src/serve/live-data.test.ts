import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Json } from "../core/canonical-json.ts";
import type { Plan } from "../plan/types.ts";
import { Layout } from "../store/layout.ts";
import { Store } from "../store/store.ts";
import { ServedStore } from "./served-store.fixture.ts";
import { StoreWatch } from "./store-watch.ts";
import type { ChangeView, CurveView, LayersView, StateView, VerdictsView } from "./views.ts";

let served: ServedStore;
let plan: Plan;
let id: string;
let store: Store;

beforeAll(async () => {
  served = await ServedStore.open();
  ({ plan, id, store } = served);
}, 120_000);

afterAll(() => served.close());

async function json<T>(path: string): Promise<T> {
  const response = await served.get(path);
  expect(response.status).toBe(200);
  return (await response.json()) as T;
}

describe("what the page is told", () => {
  it("is every run with its numbers, and names as they are", async () => {
    const state = await json<StateView>("/api/state");
    expect(state.experiments).toMatchObject([
      { id, name: "<b>tiny", stages: { done: plan.stages.size, all: plan.stages.size } },
    ]);
    expect(state.rows.map(({ start, seed }) => `${start} ${seed}`)).toEqual(
      ["dense", "ticket", "reinit"]
        .map((start) => `${start} 0`)
        .concat(["dense", "ticket", "reinit"].map((start) => `${start} 1`)),
    );
    for (const row of state.rows) {
      const curve = store.readMetrics(row.key) as unknown as readonly {
        readonly testAccuracy: number;
        readonly testLoss: number;
      }[];
      expect(row).toMatchObject({ state: "done", epoch: 2, epochs: 2, testLoss: curve[1]?.testLoss });
      expect(row.accuracy).toBeCloseTo(100 * (curve[1]?.testAccuracy ?? 0), 5);
    }
    const [curve] = await json<CurveView[]>(`/api/curves?ids=${state.rows[0]?.id ?? ""},unknown`);
    expect(curve?.epochs).toEqual([1, 2]);
    expect(curve?.testAccuracy[1]).toBeCloseTo(state.rows[0]?.accuracy ?? -1, 5);
  });

  it("is the verdicts in the report's words, with figures, and layers with their counts", async () => {
    const view = await json<VerdictsView>(`/api/experiments/${id}/verdicts`);
    expect(view).toMatchObject({
      againInMs: null,
      done: 6,
      all: 6,
      winning: [{ pruning: "one-shot", rows: [{ sparsity: "50 %", n: 2 }] }],
    });
    expect(view.claims.map((claim) => claim.id)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const [figure] = view.figures;
    const svg = await (await served.get(`/api/experiments/${id}/figures/${figure?.name ?? ""}`)).text();
    expect(svg).toMatch(/^<svg /);
    expect(svg).not.toMatch(/ style=|<script/);
    expect((await served.get(`/api/experiments/${id}/figures/other`)).status).toBe(404);
    expect((await served.get(`/api/experiments/${"0".repeat(64)}/verdicts`)).status).toBe(404);

    const layers = await json<LayersView>(`/api/experiments/${id}/layers`);
    expect(layers.masks).toMatchObject([{ mask: "one-shot 50 %", n: 2 }]);
    const mask = store.record([...plan.stages.values()].find(({ kind }) => kind === "mask")?.key ?? "");
    const counts = mask?.summary as unknown as { readonly layers: readonly { readonly kept: number }[] };
    expect(layers.masks[0]?.layers.map(({ kept }) => kept)).toEqual(counts.layers.map(({ kept }) => kept));
    const compare = plan.comparisons.filter(({ measure }) => measure === "pre-training").map((at) => at.compare);
    const rates = compare.map(
      (key) => (store.readJson(key, "overlap.json") as unknown as Overlap[])[1]?.layers[0]?.rp ?? -1,
    );
    const shown = layers.measures.find(({ measure, p }) => measure === "pre-training" && p === 0.2);
    expect(shown?.layers[0]?.rp).toBeCloseTo(((rates[0] ?? 0) + (rates[1] ?? 0)) / 2, 12);
  });

  it("is what others do to the store, as it happens: a stream goes on from the version that the page has", async () => {
    const since = served.watch.version;
    const response = await served.get(`/api/events?since=${since}`);
    const reader = response.body?.getReader();
    expect((await served.post("/api/stop", { target: id })).status).toBe(200);
    expect(store.stops.read(id)?.by).toBe("a test");
    const change = await nextChange(reader);
    expect(change).toMatchObject({ version: since + 1, experiments: [{ id, stopped: true }] });
    expect((await served.post("/api/resume", { target: id })).status).toBe(200);
    expect(store.stops.targets().size).toBe(0);
    expect(await nextChange(reader)).toMatchObject({ experiments: [{ id, stopped: false }] });
    await reader?.cancel();
    const late = (await served.get("/api/events?since=-1")).body?.getReader();
    expect(await nextText(late)).toContain("event: reload");
    await late?.cancel();
  });
});

interface Overlap {
  readonly layers: readonly { readonly rp: number }[];
}

async function nextText(reader: ReadableStreamDefaultReader<Uint8Array> | undefined): Promise<string> {
  const part = await reader?.read();
  return new TextDecoder().decode(part?.value);
}

async function nextChange(reader: ReadableStreamDefaultReader<Uint8Array> | undefined): Promise<ChangeView> {
  const event = await nextText(reader);
  expect(event).toMatch(/^event: change\n/);
  return JSON.parse(/^data: (.*)$/m.exec(event)?.[1] ?? "{}") as ChangeView;
}

describe("a training under way", () => {
  it("is shown as it tells of itself, with its curve and the time left; half a line waits for the other half", async () => {
    const root = join(served.folder, "under-way");
    const other = Store.open(root);
    other.experiments.note(id, plan.spec as unknown as Json);
    const key = plan.arms[0]?.train ?? "";
    const lease = other.claim(key);
    const path = new Layout(root).progress(key);
    mkdirSync(new Layout(root).work(key), { recursive: true });
    const at = (seconds: number) => new Date(1e12 + 1000 * seconds).toISOString();
    const epoch = { lr: 0.1, trainLoss: 2, trainAccuracy: 0.4, testLoss: 1.5, testAccuracy: 0.5 };
    const lines = [
      { type: "start", at: at(0), host: "here", pid: 1, epochs: 2, from: 0 },
      { type: "epoch", at: at(10), epoch: 1, ...epoch },
      { type: "step", at: at(15), epoch: 2, step: 5, steps: 10, loss: 1.25, imagesPerSecond: 700 },
    ].map((line) => `${JSON.stringify(line)}\n`);
    writeFileSync(path, `${lines[0] ?? ""}${lines[1] ?? ""}not a line\n${lines[2]?.slice(0, 20) ?? ""}`);
    const seen = new StoreWatch(other, root);
    await seen.look();
    const shown = () => seen.state().rows.find((row) => row.key === key);
    expect(shown()).toMatchObject({ state: "running", epoch: 1, accuracy: 50, secondsLeft: 10 });
    appendFileSync(path, lines[2]?.slice(20) ?? "");
    await seen.look();
    expect(shown()).toMatchObject({ epoch: 1.5, trainLoss: 1.25, imagesPerSecond: 700, secondsLeft: 5 });
    expect(shown()?.host).toContain(`:${process.pid}`);
    lease?.release();
    other.recordFailure(key, { message: "the <i>disk</i> is full", attempts: 1 });
    await seen.look();
    expect(shown()).toMatchObject({ state: "failed", message: "the <i>disk</i> is full" });
    const ticket = seen.state().rows.find(({ start }) => start === "ticket");
    expect(ticket?.state).toBe("skipped");
  });
});
