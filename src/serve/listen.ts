import type { AddressInfo } from "node:net";
import { hostname } from "node:os";
import { createAdaptorServer } from "@hono/node-server";
import { codeOf } from "../core/atomic-write.ts";
import { InputError } from "../core/errors.ts";
import type { Store } from "../store/store.ts";
import { liveApp } from "./app.ts";
import { newToken } from "./guard.ts";
import { StoreWatch } from "./store-watch.ts";

/** Taken unless another one is asked for; when it is in use, any free one. */
export const USUAL_PORT = 8765;

export interface LiveServer {
  /** With the token, which the page takes out of it. */
  readonly address: string;
  readonly port: number;
  readonly token: string;
  readonly watch: StoreWatch;
  close(): Promise<void>;
}

/**
 * Serves the live page of a store on 127.0.0.1, to whoever has the token.
 * @param folder of the store, for people
 * @param port   0 for any free one; the usual one, or any when that is in use, when undefined
 * @throws InputError when the port is in use or not allowed
 */
export async function serveLive(store: Store, folder: string, port?: number): Promise<LiveServer> {
  const token = newToken();
  const watch = new StoreWatch(store, folder);
  const app = liveApp({ store, watch, token, by: `the live page on ${hostname()}` });
  const server = createAdaptorServer({ fetch: app.fetch });
  const listen = (at: number) =>
    new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(at, "127.0.0.1", () => {
        server.off("error", reject);
        resolve();
      });
    });
  try {
    await listen(port ?? USUAL_PORT).catch((error: unknown) => {
      if (port !== undefined || codeOf(error) !== "EADDRINUSE") throw error;
      return listen(0);
    });
  } catch (error) {
    throw refusedPort(port ?? USUAL_PORT, error);
  }
  await watch.start();
  const used = (server.address() as AddressInfo).port;
  return {
    address: `http://127.0.0.1:${used}/#token=${token}`,
    port: used,
    token,
    watch,
    close: async () => {
      watch.close();
      await new Promise((resolve) => {
        server.close(resolve);
        if ("closeAllConnections" in server) server.closeAllConnections();
      });
    },
  };
}

function refusedPort(port: number, error: unknown): unknown {
  const reasons: Record<string, string> = { EADDRINUSE: "one that is in use", EACCES: "one that only root may open" };
  const reason = reasons[codeOf(error)];
  if (reason === undefined) return error;
  return new InputError({
    where: "--port",
    message: `expected a free port, got ${port}, ${reason}`,
    hint: "leave --port out to take any free one",
  });
}
