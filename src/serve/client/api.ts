/** Asks the server, with the token that the address had. */

const STORED = "sweepstake-token";

/** Takes the token out of the address, so that it is not passed on with it; kept for this address (host and port) alone. */
export function takeToken(): void {
  const found = /^#token=([\w-]+)$/.exec(location.hash)?.[1];
  if (found === undefined) return;
  localStorage.setItem(STORED, found);
  history.replaceState(null, "", location.pathname);
}

function headers(): Record<string, string> {
  return { Authorization: `Bearer ${localStorage.getItem(STORED) ?? ""}` };
}

/** What the server said against a request. */
export class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const response = await fetch(path, { ...init, headers: headers() });
  if (response.ok) return response;
  const said = (await response.json().catch(() => ({}))) as { readonly error?: string };
  throw new Refusal(response.status, said.error ?? `the server answered ${response.status}`);
}

export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await (await ask(path, signal === undefined ? {} : { signal })).json()) as T;
}

export async function post(path: string, body: object): Promise<void> {
  await ask(path, { method: "POST", body: JSON.stringify(body) });
}

/** A drawing as a document of its own; scripts in one would not run. */
export async function getSvg(path: string, signal: AbortSignal): Promise<SVGSVGElement | undefined> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    signal.addEventListener("abort", () => request.abort());
    request.open("GET", path);
    for (const [name, value] of Object.entries(headers())) request.setRequestHeader(name, value);
    request.responseType = "document";
    request.onload = () => {
      const root = request.responseXML?.documentElement;
      resolve(request.status === 200 && root instanceof SVGSVGElement ? root : undefined);
    };
    request.onerror = () => reject(new Error("the server is away"));
    request.onabort = () => resolve(undefined);
    request.send();
  });
}

export interface ServerEvent {
  readonly type: string;
  readonly data: string;
}

/** Server-sent events until the stream ends; by fetch, because an EventSource cannot send the token in a header. */
export async function* events(path: string, signal: AbortSignal): AsyncGenerator<ServerEvent> {
  const { body } = await ask(path, { signal });
  if (body === null) return;
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const parts = (rest + value).split("\n\n");
    rest = parts.pop() ?? "";
    for (const part of parts) {
      const type = /^event: (.*)$/m.exec(part)?.[1] ?? "message";
      yield { type, data: /^data: (.*)$/m.exec(part)?.[1] ?? "" };
    }
  }
}
