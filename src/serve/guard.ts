import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { Context, MiddlewareHandler } from "hono";

/** 256 bits in letters that an address takes as they are. */
export function newToken(): string {
  return randomBytes(32).toString("base64url");
}

/** Names of this machine's own interface. A page of another name that resolves to it (DNS rebinding) sends its own name. */
const ownNames: ReadonlySet<string> = new Set(["127.0.0.1", "localhost", "[::1]"]);

/** Nothing but our own files runs, and no other page can show or read ours. @param scriptHash of the import map, the only script in the page */
export function securityHeaders(scriptHash: string): Readonly<Record<string, string>> {
  return {
    "Content-Security-Policy": [
      "default-src 'none'",
      `script-src 'self' '${scriptHash}'`,
      "style-src 'self'",
      "img-src 'self' data:",
      "connect-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
    ].join("; "),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
  };
}

/** Refuses what does not come from a page of this address: a foreign Host header, another origin. Every answer gets the headers. */
export function ownPagesOnly(headers: Readonly<Record<string, string>>): MiddlewareHandler {
  return async (context, next) => {
    if (isOwnHost(context.req.header("Host")) && isOwnOrigin(context)) await next();
    else context.res = refusal(context, 403, "this page is served to its own address on this machine only");
    for (const [name, value] of Object.entries(headers)) context.res.headers.set(name, value);
  };
}

/** Refuses requests without the token, which only a header carries, so that no link and no form of another page can. */
export function withToken(token: string): MiddlewareHandler {
  const expected = digest(`Bearer ${token}`);
  return async (context, next) => {
    const given = context.req.header("Authorization") ?? "";
    if (timingSafeEqual(digest(given), expected)) return next();
    return refusal(context, 401, "open the address that `sweepstake serve` printed: it has the token");
  };
}

function refusal(context: Context, status: 401 | 403, error: string): Response {
  return context.json({ error }, status);
}

function isOwnHost(host: string | undefined): boolean {
  const name = /^(\[[0-9a-f:]+\]|[^:]+)(:\d{1,5})?$/i.exec(host ?? "")?.[1];
  return name !== undefined && ownNames.has(name.toLowerCase());
}

/** Browsers send where a request comes from; whatever is not this very address is refused, also what may not even be read by it. */
function isOwnOrigin({ req }: Context): boolean {
  const site = req.header("Sec-Fetch-Site");
  if (site !== undefined && site !== "same-origin" && site !== "none" && req.header("Sec-Fetch-Mode") !== "navigate")
    return false;
  const origin = req.header("Origin");
  return origin === undefined || origin === `http://${req.header("Host") ?? ""}`;
}

/** Of one length, whatever was given. */
function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
