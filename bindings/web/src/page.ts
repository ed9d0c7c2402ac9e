/** The page: the dialog alone, with the WebAssembly module inside. `page/build.mjs` makes one file of it. */
import { loadSimulator } from "./simulator.js";
import { Ui } from "./ui.js";
import { load } from "./wasm.js";

/** The module, as gzip in base64; put in when the page is built. */
declare const ESPPROV_MODULE: string;
/** Beside the page, where it has a simulated device. */
const SIMULATOR = "espprov-simulator.wasm.gz";

async function unpack(stream: ReadableStream<Uint8Array>): Promise<ArrayBuffer> {
  const through = new DecompressionStream("gzip") as ReadableWritablePair<Uint8Array, Uint8Array>;
  return new Response(stream.pipeThrough(through) as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer();
}

/** A device that serves this page answers the question for its version; a web server does not. */
async function isServed(): Promise<boolean> {
  if (!location.protocol.startsWith("http")) return false;
  try {
    const body = new TextEncoder().encode("---");
    const answer = await fetch("/proto-ver", { method: "POST", body, signal: AbortSignal.timeout(3_000) });
    return answer.ok && "prov" in ((await answer.json()) as object);
  } catch {
    return false;
  }
}

/** A simulated device that lies beside the page; it is fetched when somebody wants it. */
async function hasSimulator(): Promise<boolean> {
  try {
    const answer = await fetch(SIMULATOR);
    if (!answer.ok || answer.body === null) return false;
    await loadSimulator(await unpack(answer.body));
    return true;
  } catch {
    return false;
  }
}

const packed = Uint8Array.from(atob(ESPPROV_MODULE), (letter) => letter.charCodeAt(0));
await load(await unpack(new Blob([packed]).stream()));
const place = document.querySelector("main");
const served = await isServed();
// A device has no room for a second file, and one socket.
const simulator = !served && (await hasSimulator());
if (place) new Ui(place, { served, simulator });
