import type { Context } from "hono";
import { type SSEStreamingApi, streamSSE } from "hono/streaming";
import type { StoreWatch } from "./store-watch.ts";
import type { ChangeView } from "./views.ts";

/** Proxies and tunnels close what is silent for long. */
const PING_MS = 15_000;
/** A page needs one; more than this are not pages. */
const MOST_STREAMS = 50;
/** Changes that are kept for a page that comes back. */
const KEPT = 100;

/** Server-sent events: what is new, as it comes. */
export class EventStreams {
  readonly #watch: StoreWatch;
  readonly #recent: ChangeView[] = [];
  #open = 0;

  constructor(watch: StoreWatch) {
    this.#watch = watch;
    watch.listen((change) => {
      this.#recent.push(change);
      if (this.#recent.length > KEPT) this.#recent.shift();
    });
  }

  /** A stream from the version on that the page has (`?since=` or Last-Event-ID); when that is too long ago, it is told to load anew. */
  open(context: Context): Response {
    if (this.#open >= MOST_STREAMS) return context.json({ error: "too many pages are open; close some" }, 503);
    this.#open++;
    context.header("X-Accel-Buffering", "no");
    return streamSSE(context, async (stream) => {
      try {
        await this.#serve(stream, Number(context.req.header("Last-Event-ID") ?? context.req.query("since")));
      } finally {
        this.#open--;
      }
    });
  }

  async #serve(stream: SSEStreamingApi, since: number): Promise<void> {
    const queue: ChangeView[] = [];
    let wake: () => void = () => undefined;
    const isOpen = () => !stream.aborted && !stream.closed;
    const stop = this.#watch.listen((change) => {
      queue.push(change);
      wake();
    });
    stream.onAbort(() => wake());
    const missed = this.#missed(since);
    try {
      if (missed === undefined) await stream.writeSSE({ event: "reload", data: "{}", id: String(this.#watch.version) });
      for (const change of missed ?? []) await send(stream, change);
      while (isOpen()) {
        for (let change = queue.shift(); change !== undefined; change = queue.shift()) await send(stream, change);
        const isQuiet = await new Promise<boolean>((resolve) => {
          const timer = setTimeout(() => resolve(true), PING_MS).unref();
          wake = () => {
            clearTimeout(timer);
            resolve(false);
          };
        });
        if (isQuiet && isOpen()) await stream.writeSSE({ event: "ping", data: "{}" });
      }
    } finally {
      stop();
    }
  }

  /** Changes after a version; undefined when not all of them are kept. */
  #missed(since: number): readonly ChangeView[] | undefined {
    const { version } = this.#watch;
    if (since === version) return [];
    const missed = this.#recent.filter((change) => change.version > since);
    return missed.length === version - since ? missed : undefined;
  }
}

function send(stream: SSEStreamingApi, change: ChangeView): Promise<void> {
  return stream.writeSSE({ event: "change", data: JSON.stringify(change), id: String(change.version) });
}
