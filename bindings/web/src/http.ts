import { LinkError } from "./fault.js";
import type { Exchange, Limits, Link } from "./link.js";

/** The longest body that devices read. */
const MAX_REQUEST = 4096;
/** How long a device that has hung up may take to answer who it is. */
const PROBE = 3_000;

/**
 * A device that serves this page itself, or is of the same origin: in browsers only, where the browser keeps the session's cookie.
 * Elsewhere a link of your own does it, as in the example for Node.js.
 */
export function http(base: string | URL = globalThis.location?.href ?? "http://192.168.4.1/"): Link {
  return new Http(new URL("/", base));
}

/**
 * What `fetch` tells of a failure is one `TypeError`, whatever happened. Stock firmware refuses by hanging up, so a device that still
 * answers the question for its version has refused, and one that does not is lost. A browser that repeats a request by itself, as
 * some do when a kept connection ends, is not noticed.
 */
class Http implements Link {
  readonly kind = "http";
  readonly limits: Limits = { maxRequest: MAX_REQUEST };
  readonly label: string;
  readonly #base: URL;
  #fresh = true;

  constructor(base: URL) {
    this.#base = base;
    this.label = base.host;
  }

  async exchange(endpoint: string, request: Uint8Array, how: Exchange): Promise<Uint8Array> {
    // A page that was loaded again comes with the cookie of its last session.
    if (this.#fresh) this.#forget();
    this.#fresh = false;
    let response: Response;
    try {
      response = await this.#post(endpoint, request, how.signal);
    } catch (error) {
      if (how.signal.aborted) throw error;
      if (await this.#answers(how.signal)) {
        throw new LinkError("refused", "the device hung up without an answer", { linkAlive: false, cause: error });
      }
      throw new LinkError("lost", "the device does not answer any more", { delivered: true, cause: error });
    }
    // The body is out when the head of the answer is here.
    how.sent();
    if (response.status === 404 || response.status === 405) {
      throw new LinkError("no_such_endpoint", `the device answered with status ${response.status}`);
    }
    if (!response.ok) {
      throw new LinkError("refused", `the device answered with status ${response.status}`, { linkAlive: false });
    }
    try {
      return new Uint8Array(await response.arrayBuffer());
    } catch (error) {
      throw new LinkError("lost", "the answer was cut off", { delivered: true, cause: error });
    }
  }

  async reconnect(fresh: boolean, how: { readonly signal: AbortSignal }): Promise<void> {
    if (fresh) this.#forget();
    if (!(await this.#answers(how.signal))) throw new LinkError("lost", "the device does not answer");
  }

  #post(endpoint: string, request: Uint8Array, signal: AbortSignal): Promise<Response> {
    return fetch(new URL(endpoint, this.#base), {
      method: "POST",
      // What stock firmware expects, and what needs no question beforehand.
      headers: { "Content-Type": "application/x-www-form-urlencoded" },
      body: request as Uint8Array<ArrayBuffer>,
      credentials: "same-origin",
      cache: "no-store",
      redirect: "error",
      signal,
    });
  }

  /** Whether the device is still there: it answers to whoever asks for its version. */
  async #answers(signal: AbortSignal): Promise<boolean> {
    try {
      const both = AbortSignal.any([signal, AbortSignal.timeout(PROBE)]);
      const response = await this.#post("proto-ver", new TextEncoder().encode("---"), both);
      await response.arrayBuffer();
      return response.ok;
    } catch {
      return false;
    }
  }

  /** The device opens another session for whoever comes without its cookie. */
  #forget(): void {
    if (typeof document !== "undefined") document.cookie = "session=; path=/; max-age=0; samesite=lax";
  }
}
