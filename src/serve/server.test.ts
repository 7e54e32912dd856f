import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LiveServer, serveLive } from "./listen.ts";
import { allowed, host, ServedStore, token } from "./served-store.fixture.ts";

let served: ServedStore;
let server: LiveServer;

beforeAll(async () => {
  served = await ServedStore.open();
  server = await serveLive(served.store, served.folder, 0);
}, 120_000);

afterAll(async () => {
  await server.close();
  served.close();
});

const apis = [
  "/api/state",
  "/api/events",
  "/api/curves?ids=x",
  "/api/experiments/x/verdicts",
  "/api/experiments/x/layers",
  "/api/experiments/x/figures/y",
  "/api/nothing",
];

/** What a server answers to bytes as they are: clients normalise paths before they send them. */
function raw(head: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(server.port, "127.0.0.1", () => socket.end(`${head}\r\n\r\n`));
    let answer = "";
    socket.on("data", (part) => (answer += part.toString()));
    socket.on("close", () => resolve(answer));
    socket.on("error", reject);
  });
}

describe("a request without the token", () => {
  it.each(apis)("to %s is refused, and tells nothing", async (path) => {
    for (const headers of [host, { ...host, Authorization: "Bearer wrong" }, { ...host, Authorization: token }]) {
      for (const method of ["GET", "POST", "HEAD", "OPTIONS"]) {
        const response = await served.request(path, { method, headers });
        expect(response.status).toBe(401);
        expect(await response.text()).not.toContain("tiny");
      }
    }
    expect((await served.get(`${path}${path.includes("?") ? "&" : "?"}token=${token}`, host)).status).toBe(401);
  });

  it("cannot stop a run", async () => {
    expect((await served.post("/api/stop", { target: served.id }, host)).status).toBe(401);
    expect(served.store.stops.targets().size).toBe(0);
  });

  it("gets the page itself, which holds nothing of the store", async () => {
    const page = await served.get("/", host);
    expect(page.status).toBe(200);
    const html = await page.text();
    expect(html).not.toContain("tiny");
    expect(html).not.toContain(token);
    for (const [, path = ""] of html.matchAll(/(?:src|href)="(\/[^"]+)"/g))
      expect((await served.get(path, host)).status).toBe(200);
  });
});

describe("a request from elsewhere", () => {
  it.each([
    { Host: "evil.example" },
    { Host: "127.0.0.1.evil.example:8765" },
    { Host: "localhost.evil.example" },
    { Host: "10.0.0.1:8765" },
    { Host: "127.0.0.1:8765", Origin: "http://evil.example" },
    { Host: "127.0.0.1:8765", Origin: "null" },
    { Host: "127.0.0.1:8765", Origin: "http://127.0.0.1:9999" },
    { Host: "127.0.0.1:8765", Origin: "https://127.0.0.1:8765" },
    { Host: "127.0.0.1:8765", "Sec-Fetch-Site": "cross-site" },
    { Host: "127.0.0.1:8765", "Sec-Fetch-Site": "same-site" },
  ])("%o is refused, with the token too", async (headers) => {
    for (const path of ["/api/state", "/", "/assets/main.js"]) {
      const response = await served.get(path, { ...allowed, ...headers });
      expect(response.status).toBe(403);
      expect(await response.text()).not.toContain("tiny");
      expect(response.headers.get("Access-Control-Allow-Origin")).toBeNull();
    }
    expect((await served.post("/api/stop", { target: served.id }, { ...allowed, ...headers })).status).toBe(403);
    expect(served.store.stops.targets().size).toBe(0);
  });

  it("of this machine's own names is served", async () => {
    for (const name of ["localhost:8765", "127.0.0.1", "[::1]:9000"]) {
      expect((await served.get("/api/state", { ...allowed, Host: name })).status).toBe(200);
      expect((await served.get("/api/state", { ...allowed, Host: name, Origin: `http://${name}` })).status).toBe(200);
    }
  });
});

describe("every answer", () => {
  it("forbids other scripts, frames, guessing of types and caches", async () => {
    const paths = ["/", "/assets/main.js", "/nothing", ...apis];
    const answers = await Promise.all([
      ...paths.map((path) => served.get(path, host)),
      served.get("/", { Host: "evil.example" }),
    ]);
    for (const answer of answers) {
      const policy = answer.headers.get("Content-Security-Policy") ?? "";
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toMatch(/unsafe-|https?:|\*/);
      expect(answer.headers.get("X-Content-Type-Options")).toBe("nosniff");
      expect(answer.headers.get("Cache-Control")).toBe("no-store");
      expect(answer.headers.get("Referrer-Policy")).toBe("no-referrer");
    }
  });
});

describe("paths", () => {
  it.each([
    "/../package.json",
    "/assets/../../../package.json",
    "/assets/..%2f..%2f..%2fpackage.json",
    "/assets/%2e%2e/%2e%2e/package.json",
    "/assets/....//package.json",
    "/assets//etc/passwd",
    "//etc/passwd",
    "/assets/main.js%00.css",
    "/assets/main.js.map",
    "/assets/\\..\\..\\package.json",
    "/api/experiments/..%2f..%2fformat/verdicts",
    `/api/experiments/%2e%2e/figures/..%2f..%2fformat.json`,
    "/store/format.json",
  ])("%s leads nowhere", async (path) => {
    const headers = `Host: 127.0.0.1:${server.port}\r\nAuthorization: Bearer ${server.token}\r\nConnection: close`;
    const answer = await raw(`GET ${path} HTTP/1.1\r\n${headers}`);
    expect(answer).toMatch(/^HTTP\/1\.1 40[04]/);
    expect(answer).not.toMatch(/"version"|root:|\{"format"/);
  });

  it("name only stages and experiments that are there, when something is to stop", async () => {
    for (const target of ["../../x", "0".repeat(64), "", 7, null, { a: 1 }]) {
      for (const path of ["/api/stop", "/api/resume"]) expect((await served.post(path, { target })).status).toBe(400);
    }
    expect((await served.request("/api/stop", { method: "POST", headers: allowed, body: "{" })).status).toBe(400);
    expect((await served.post("/api/stop", { target: "x".repeat(20_000) })).status).toBe(413);
    expect(served.store.stops.targets().size).toBe(0);
  });
});

describe("ten thousand requests", () => {
  it("are all answered, refused or served, and leave nothing behind", async () => {
    const before = process.memoryUsage().heapUsed;
    let ok = 0;
    let refused = 0;
    for (let i = 0; i < 9_500; i++) {
      const response = await served.get(i % 2 === 0 ? "/api/state" : "/api/curves?ids=a", i % 3 === 0 ? host : allowed);
      await response.text();
      if (response.status === 200) ok++;
      else if (response.status === 401) refused++;
    }
    expect([ok, refused]).toEqual([6333, 3167]);
    const overSocket = (bearer: string) =>
      new Promise<number>((resolve, reject) => {
        const headers = { Authorization: `Bearer ${bearer}` };
        httpRequest({ port: server.port, host: "127.0.0.1", path: "/api/state", headers }, (response) => {
          response.resume().on("end", () => resolve(response.statusCode ?? 0));
        })
          .on("error", reject)
          .end();
      });
    const codes: number[] = [];
    for (let i = 0; i < 25; i++)
      codes.push(
        ...(await Promise.all(Array.from({ length: 20 }, (_, n) => overSocket(n % 2 === 0 ? server.token : "no")))),
      );
    expect(codes.filter((code) => code === 200)).toHaveLength(250);
    expect(codes.filter((code) => code === 401)).toHaveLength(250);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(200e6);
  });

  it("a port in use is refused by name", async () => {
    await expect(serveLive(served.store, served.folder, server.port)).rejects.toThrow(/--port.*in use/s);
  });
});
