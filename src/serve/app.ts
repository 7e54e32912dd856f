import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { HTTPException } from "hono/http-exception";
import type { Store } from "../store/store.ts";
import { type Assets, pageAssets } from "./assets.ts";
import { curveOf } from "./curves.ts";
import { EventStreams } from "./events.ts";
import { ownPagesOnly, securityHeaders, withToken } from "./guard.ts";
import { Judged } from "./judged.ts";
import { layersView } from "./layers-view.ts";
import type { StoreWatch } from "./store-watch.ts";
import type { WatchedExperiment } from "./watched-experiment.ts";

/** Curves that one request may ask for. */
const MOST_CURVES = 200;

const MAX_BODY_BYTES = 10_000;

export interface ServeOptions {
  readonly store: Store;
  readonly watch: StoreWatch;
  readonly token: string;
  /** Who is said to have stopped a run, e.g. `the live page on node07`. */
  readonly by: string;
}

/**
 * The page and what it asks for. Files of the page hold nothing of the user's and need no token; everything under /api does. Nothing is
 * written but marks to stop.
 */
export function liveApp({ store, watch, token, by }: ServeOptions, assets: Assets = pageAssets()): Hono {
  const app = new Hono();
  const judged = new Judged(store);
  const streams = new EventStreams(watch);
  app.use(ownPagesOnly(securityHeaders(assets.scriptHash)));
  app.use("/api/*", withToken(token));
  app.onError((error, context) => {
    if (error instanceof HTTPException) return context.json({ error: error.message }, error.status);
    process.stderr.write(`${error.stack ?? error.message}\n`);
    return context.json({ error: "the server failed; its terminal says how" }, 500);
  });
  app.notFound((context) => context.json({ error: "there is nothing here" }, 404));

  app.get("/api/state", (context) => context.json(watch.state()));
  app.get("/api/events", (context) => streams.open(context));
  app.get("/api/curves", (context) => {
    const ids = (context.req.query("ids") ?? "").split(",").slice(0, MOST_CURVES);
    const rows = ids.flatMap((id) => watch.row(id) ?? []);
    return context.json(rows.map((row) => curveOf(row, watch.states, store)));
  });
  app.get("/api/experiments/:id/verdicts", (context) => {
    const experiment = experimentOf(context, watch);
    return context.json(judged.verdicts(experiment, endedOf(experiment, watch)));
  });
  app.get("/api/experiments/:id/figures/:name", async (context) => {
    const experiment = experimentOf(context, watch);
    const svg = await judged.figure(experiment, endedOf(experiment, watch), context.req.param("name"));
    if (svg === undefined) return context.notFound();
    return context.body(svg, 200, { "Content-Type": "image/svg+xml; charset=utf-8" });
  });
  app.get("/api/experiments/:id/layers", (context) => {
    const { id, plan } = experimentOf(context, watch);
    const variant = context.req.query("variant") ?? plan.spec.variants[0]?.id ?? "";
    return context.json(layersView(plan, id, variant, watch.states, store));
  });
  const limit = bodyLimit({ maxSize: MAX_BODY_BYTES });
  app.post("/api/stop", limit, async (context) => {
    store.stops.set(await targetOf(context, watch), by);
    await watch.look();
    return context.json({ stopped: true });
  });
  app.post("/api/resume", limit, async (context) => {
    store.stops.clear(await targetOf(context, watch));
    await watch.look();
    return context.json({ stopped: false });
  });

  for (const [path, { type, body }] of assets.files)
    app.get(path, (context) => context.body(body, 200, { "Content-Type": type }));
  return app;
}

function experimentOf(context: Context, watch: StoreWatch): WatchedExperiment {
  const experiment = watch.experiment(context.req.param("id") ?? "");
  if (experiment === undefined) throw new HTTPException(404, { message: "there is no such experiment in the store" });
  return experiment;
}

function endedOf({ plan }: WatchedExperiment, { states }: StoreWatch): number {
  const isEnded = (key: string) => ["done", "diverged", "failed"].includes(states.get(key).state);
  return [...plan.stages.keys()].filter(isEnded).length;
}

/** A stage or an experiment that the page shows; anything else is refused before it becomes a file's name. */
async function targetOf(context: Context, watch: StoreWatch): Promise<string> {
  const body: unknown = await context.req.json().catch(() => undefined);
  const target = typeof body === "object" && body !== null && "target" in body ? body.target : undefined;
  if (typeof target === "string" && (watch.experiment(target) !== undefined || watch.states.has(target))) return target;
  throw new HTTPException(400, {
    message: "expected { target } with the key of a run or the id of an experiment of this store",
  });
}
