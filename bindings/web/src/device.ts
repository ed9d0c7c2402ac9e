import { bytes, text, unhex } from "./bytes.js";
import { EspprovError, type Explained } from "./errors.js";
import { LinkError, faultOf } from "./fault.js";
import type { Link } from "./link.js";
import type {
  AccessPoint,
  DeviceInfo,
  Event,
  Provisioned,
  ThreadNetwork,
  ThreadProvisioned,
  ThreadStatus,
  WifiStatus,
} from "./values.js";
import { withName } from "./values.js";
import { othersFirst, waitFor } from "./wait.js";
import { Bytes, Call, Client, Step, Tell, Text, load } from "./wasm.js";

/** How long a call may take, unless it says so itself. */
const DEADLINE = 120_000;
/** How long closing waits for the link. */
const CLOSING = 2_000;

/** What opens a device, and what is acceptable. */
export interface ConnectOptions {
  /** Its proof of possession; `""` for a device without one. */
  readonly pop?: string | Uint8Array | undefined;
  /** User name of security 2; `wifiprov` without. */
  readonly username?: string | Uint8Array | undefined;
  /** Password of security 2. */
  readonly password?: string | Uint8Array | undefined;
  /** The text of the code on the device: what is in it and was not said here. */
  readonly setupCode?: string | undefined;
  /** This scheme and no other. */
  readonly security?: 0 | 1 | 2 | undefined;
  /** A device without encryption (security 0) is acceptable. */
  readonly allowPlaintext?: boolean | undefined;
  /** Who reads the help of errors: whoever looks at a page (in a browser), or whoever writes the program (elsewhere). */
  readonly words?: "page" | "program" | undefined;
  /** How long each call may take, in milliseconds. */
  readonly deadlineMs?: number | undefined;
}

/** How one call is to be made. */
export interface CallOptions {
  /** Gives the call up. */
  readonly signal?: AbortSignal | undefined;
  /** Hears what happens meanwhile. */
  readonly onEvent?: ((event: Event) => void) | undefined;
  /** How long it may take, in milliseconds. */
  readonly deadlineMs?: number | undefined;
}

/** Opens a device over this link. Nothing is sent before the first call. */
export async function connect(link: Link, options: ConnectOptions = {}): Promise<Device> {
  if (typeof link?.exchange !== "function") throw new TypeError("a link has a method exchange(endpoint, request)");
  await load();
  const page = (options.words ?? (typeof document === "undefined" ? "program" : "page")) === "page";
  const given = (value: string | Uint8Array | undefined) => (value === undefined ? undefined : bytes(value));
  const client = new Client(
    link.kind ?? "own",
    link.label ?? "the other end of the link",
    page,
    options.security,
    options.allowPlaintext ?? false,
    given(options.pop),
    given(options.username),
    given(options.password),
    options.setupCode,
  );
  const refused = client.text(Text.result);
  if (refused !== "") {
    client.free();
    throw new EspprovError((JSON.parse(refused) as { error: Explained }).error);
  }
  return new Device(link, client, options.deadlineMs ?? DEADLINE);
}

/** What a call sends along. */
interface Given {
  readonly first?: Uint8Array;
  readonly second?: Uint8Array;
  readonly number?: number;
}

/**
 * An open device. Calls come one after the other: a second one waits for the first. After a failure the next call opens the link
 * again and starts another session.
 */
export class Device {
  readonly #link: Link;
  readonly #deadline: number;
  #client: Client | undefined;
  #last: Promise<unknown> = Promise.resolve();

  /** @internal */
  constructor(link: Link, client: Client, deadline: number) {
    this.#link = link;
    this.#client = client;
    this.#deadline = deadline;
  }

  /** What the device says about itself. Needs no credentials. */
  async info(options?: CallOptions): Promise<DeviceInfo> {
    return (await this.#call(Call.info, {}, options)) as DeviceInfo;
  }

  /** Begins the session now, to know whether the credentials are right. The number of its scheme. */
  async authenticate(options?: CallOptions): Promise<number | undefined> {
    return ((await this.#call(Call.authenticate, {}, options)) as { security?: number }).security;
  }

  /** The Wi-Fi networks that the device hears, as it orders them. */
  async scan(options?: CallOptions): Promise<AccessPoint[]> {
    const found = (await this.#call(Call.scan, {}, options)) as AccessPoint[];
    return found.map(withName);
  }

  /** The Thread networks that the device hears. */
  async scanThread(options?: CallOptions): Promise<ThreadNetwork[]> {
    return (await this.#call(Call.scanThread, {}, options)) as ThreadNetwork[];
  }

  /** Gives the device a Wi-Fi network and follows it until it is online. Without a passphrase: an open network. */
  async provision(
    network: { readonly ssid: string | Uint8Array; readonly passphrase?: string | Uint8Array | undefined },
    options?: CallOptions,
  ): Promise<Provisioned> {
    const given = { first: bytes(network.ssid), second: bytes(network.passphrase) };
    const came = (await this.#call(Call.provision, given, options)) as Provisioned;
    return { ...came, ssid: text(unhex(came.ssid)) };
  }

  /** Gives the device a Thread network: its active dataset, in bytes or in hex. */
  async provisionThread(dataset: string | Uint8Array, options?: CallOptions): Promise<ThreadProvisioned> {
    const hex = typeof dataset === "string" && /^([0-9a-f]{2})+$/i.test(dataset.trim());
    // Text that is no hex is no dataset: the other side says so.
    const first = typeof dataset !== "string" ? dataset : hex ? unhex(dataset.trim()) : bytes(dataset);
    return (await this.#call(Call.provisionThread, { first }, options)) as ThreadProvisioned;
  }

  /** State of the device's Wi-Fi station. A device that is online takes the question as a sign that provisioning is over. */
  async status(options?: CallOptions): Promise<WifiStatus> {
    const status = (await this.#call(Call.status, {}, options)) as WifiStatus;
    return status.ssid === undefined ? status : { ...status, ssid: text(unhex(status.ssid)) };
  }

  /** State of the device's Thread interface. */
  async threadStatus(options?: CallOptions): Promise<ThreadStatus> {
    return (await this.#call(Call.threadStatus, {}, options)) as ThreadStatus;
  }

  /** Clears a failed attempt. */
  async reset(options?: CallOptions & { readonly thread?: boolean | undefined }): Promise<void> {
    await this.#call(options?.thread ? Call.resetThread : Call.reset, {}, options);
  }

  /** Has a device that is online accept another network. */
  async reprov(options?: CallOptions & { readonly thread?: boolean | undefined }): Promise<void> {
    await this.#call(options?.thread ? Call.reprovThread : Call.reprov, {}, options);
  }

  /**
   * Sends data to an endpoint of the application, within the session; its answer. `chunk`: in pieces of so many bytes, each a request
   * of its own; all their answers. `raw`: without session or cipher.
   */
  async send(
    endpoint: string,
    data: string | Uint8Array,
    options?: CallOptions & { readonly chunk?: number | undefined; readonly raw?: boolean | undefined },
  ): Promise<Uint8Array> {
    const given = { first: bytes(endpoint), second: bytes(data), number: options?.chunk ?? 0 };
    return (await this.#call(options?.raw ? Call.sendRaw : Call.send, given, options, (client) => client.bytes(Bytes.answer))) as Uint8Array;
  }

  /** Ends the link, after the calls that were made before. */
  async close(): Promise<void> {
    const before = this.#last;
    this.#last = (async () => {
      await before.catch(() => undefined);
      const client = this.#client;
      this.#client = undefined;
      if (client === undefined) return;
      client.tell(Tell.closed);
      client.free();
      // Nobody is left to be told what a link throws now, and one that hangs is left behind.
      const closed = Promise.resolve(this.#link.close?.()).catch(() => undefined);
      await waitFor(closed, performance.now() + CLOSING, undefined);
    })();
    await this.#last;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** One call after the other. */
  #call(
    call: number,
    given: Given,
    options: CallOptions = {},
    read: (client: Client) => unknown = (client) => JSON.parse(client.text(Text.result) || "null") as unknown,
  ): Promise<unknown> {
    const before = this.#last;
    const done = (async () => {
      await before.catch(() => undefined);
      options.signal?.throwIfAborted();
      const client = this.#client;
      if (client === undefined) throw new Error("the device is closed");
      const deadline = options.deadlineMs ?? this.#deadline;
      if (!(deadline > 0)) throw new RangeError("deadlineMs must be more than 0");
      const { maxRequest, maxResponse } = this.#link.limits ?? {};
      client.setLimits(maxRequest ?? 0, maxResponse ?? 0);
      const { first = new Uint8Array(), second = new Uint8Array(), number = 0 } = given;
      client.begin(call, first, second, number, performance.now(), deadline);
      try {
        await this.#drive(client, options);
        return read(client);
      } finally {
        client.tell(Tell.cancelled);
      }
    })();
    this.#last = done.catch(() => undefined);
    return done;
  }

  /** Does what the engine says, one thing at a time. The only place that waits. */
  async #drive(client: Client, { signal, onEvent }: CallOptions): Promise<void> {
    let thrown: unknown;
    for (;;) {
      const step = client.step(performance.now());
      const events = client.text(Text.events);
      if (onEvent && events) for (const event of JSON.parse(`[${events}]`) as Event[]) onEvent(event);
      if (step === Step.done) return;
      if (step === Step.failed) throw new EspprovError(JSON.parse(client.text(Text.result)) as Explained, thrown);
      if (step === Step.busy) {
        await othersFirst();
        signal?.throwIfAborted();
      } else if (step === Step.wait) {
        await waitFor(undefined, client.until(), signal);
        client.tell(Tell.elapsed);
      } else {
        thrown = await this.#onLink(client, step, signal);
      }
    }
  }

  /** An exchange, or a reconnect; the error of the link, to be the cause of ours. */
  async #onLink(client: Client, step: number, signal: AbortSignal | undefined): Promise<unknown> {
    const until = client.until();
    const given = new AbortController();
    let over = false;
    const how = {
      signal: given.signal,
      sent: () => {
        if (!over) client.tell(Tell.sent);
      },
    };
    try {
      // A link may throw at once.
      const work =
        step === Step.exchange
          ? (async () => this.#link.exchange(client.text(Text.endpoint), client.bytes(Bytes.request), how))()
          : (async () => this.#link.reconnect?.(step === Step.reconnectFresh, how))();
      const came = await waitFor(work as Promise<Uint8Array | undefined>, until, signal);
      if (!came.done) {
        // A link that can tell says now that its request went out.
        given.abort(new LinkError("timed_out", "the deadline has passed"));
        client.tell(Tell.elapsed);
      } else if (step !== Step.exchange) {
        client.tell(Tell.reconnected);
      } else if (came.value instanceof Uint8Array) {
        client.reply(came.value);
      } else {
        throw new TypeError("exchange() must resolve to a Uint8Array");
      }
      return undefined;
    } catch (error) {
      if (signal?.aborted) throw error;
      const { fault, flag, size, said } = faultOf(error);
      client.fault(fault, flag, size, said);
      return error;
    } finally {
      over = true;
      given.abort();
    }
  }
}
