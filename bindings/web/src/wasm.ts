import initClient, { Client, SerialConsole, initSync, parseSetupCode } from "./client/espprov_web_client.js";

export { Client, SerialConsole, parseSetupCode };

/** What `Client.step` says; `client.rs` has the same numbers. */
export const Step = { exchange: 0, reconnect: 1, wait: 2, busy: 3, done: 4, failed: 5, reconnectFresh: 6 } as const;

/** What `Client.begin` does: with which bytes, `device.ts` says. `order.rs` has the same numbers. */
export const Call = {
  info: 0,
  authenticate: 1,
  scan: 2,
  scanThread: 3,
  provision: 4,
  provisionThread: 5,
  status: 6,
  threadStatus: 7,
  reset: 8,
  resetThread: 9,
  reprov: 10,
  reprovThread: 11,
  sendRaw: 12,
  send: 13,
} as const;

/** What `Client.tell` hears, and what `Client.text` and `Client.bytes` are asked for; `client.rs` has the same numbers. */
export const Tell = { sent: 0, reconnected: 1, elapsed: 2, cancelled: 3, closed: 4 } as const;
export const Text = { endpoint: 0, events: 1, result: 2 } as const;
export const Bytes = { request: 0, answer: 1 } as const;

/** Where a WebAssembly module comes from: its bytes, or where to fetch it. */
export type Source = ArrayBuffer | Uint8Array<ArrayBuffer> | URL | string;

let ready: Promise<void> | undefined;

/**
 * Loads the WebAssembly module. Every call does that by itself; a page that embeds the module, or keeps it elsewhere, says so with this
 * first.
 */
export function load(source: Source = new URL("./client/espprov_web_client_bg.wasm", import.meta.url)): Promise<void> {
  ready ??= loadInto(source, initSync, initClient).catch((error: unknown) => {
    ready = undefined;
    throw error;
  });
  return ready;
}

/** @internal Node.js cannot fetch files; what bundlers leave alone must not look like an import to them. */
export async function loadInto(
  source: Source,
  sync: (module: { module: BufferSource }) => unknown,
  init: (module: { module_or_path: URL | string }) => Promise<unknown>,
): Promise<void> {
  if (source instanceof ArrayBuffer || source instanceof Uint8Array) {
    sync({ module: source });
    return;
  }
  const url = source instanceof URL ? source : new URL(source, globalThis.location?.href);
  if (url.protocol === "file:" && typeof process !== "undefined") {
    const name = "node:fs/promises";
    const { readFile } = (await import(/* @vite-ignore */ name)) as typeof import("node:fs/promises");
    sync({ module: new Uint8Array(await readFile(url)) });
    return;
  }
  await init({ module_or_path: url });
}
