import { failure } from "./errors.js";
import { LinkError } from "./fault.js";
import type { Exchange, Limits, Link } from "./link.js";
import { Asker, Of } from "./polled.js";
import { SerialConsole, load } from "./wasm.js";

/** As much of Web Serial as is used: TypeScript's library has none of it. */
interface Port {
  open(options: { baudRate: number; bufferSize?: number }): Promise<void>;
  close(): Promise<void>;
  readonly readable: ReadableStream<Uint8Array> | null;
  readonly writable: WritableStream<Uint8Array> | null;
}

/** Which port, and how the device's console is built. */
export interface SerialOptions {
  /** 115200 without. */
  readonly baudRate?: number | undefined;
  /** The characters that its console reads per line; 0 for firmware without a limit, which security 2 needs. */
  readonly lineLimit?: number | undefined;
  /** A port that was granted before; without it the browser asks. */
  readonly port?: unknown;
}

/** Web Serial is there and usable. */
export function hasSerial(): boolean {
  return typeof navigator !== "undefined" && "serial" in navigator;
}

/** A device's serial console. The browser asks which port it is: to be called while a click or a key is handled. */
export async function serial(options: SerialOptions = {}): Promise<Link> {
  const given = options.port as Port | undefined;
  if (given === undefined && !hasSerial()) {
    throw failure(
      "usage",
      "no_serial",
      "this browser offers no serial ports",
      globalThis.isSecureContext === false
        ? "browsers offer them to pages over https and from this computer only"
        : "Safari, phones and older Firefox have no Web Serial",
      "use Chrome, Edge, Opera or Firefox on a computer, with a page over https",
    );
  }
  const module = load();
  const port = given ?? (await choose());
  await module;
  const link = new Serial(port, options);
  await link.open();
  return link;
}

async function choose(): Promise<Port> {
  const serial = (navigator as unknown as { serial: { requestPort(): Promise<Port> } }).serial;
  try {
    return await serial.requestPort();
  } catch (error) {
    throw failure(
      "interrupted",
      "not_chosen",
      "no port was chosen",
      "the list of ports was closed, or the device is not plugged in",
      "plug the device in, and choose its port from the list",
      error,
    );
  }
}

class Serial implements Link {
  readonly kind = "serial";
  readonly label = "the serial port";
  readonly #port: Port;
  readonly #baudRate: number;
  readonly #console: SerialConsole;
  readonly #asker: Asker;
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #writer: WritableStreamDefaultWriter<Uint8Array> | undefined;
  #open = false;

  constructor(port: Port, options: SerialOptions) {
    this.#port = port;
    this.#baudRate = options.baudRate ?? 115_200;
    this.#console = new SerialConsole(options.lineLimit);
    this.#asker = new Asker(this.#console, () => {
      this.#write();
    });
  }

  get limits(): Limits {
    return { maxRequest: this.#console.number(Of.maxRequest) || undefined };
  }

  async open(): Promise<void> {
    if (this.#open) return;
    try {
      await this.#port.open({ baudRate: this.#baudRate, bufferSize: 16_384 });
    } catch (error) {
      throw failure(
        "link",
        "port_unavailable",
        "the serial port cannot be opened",
        "another program or page uses it, or the device was unplugged",
        "close what uses the port, plug the device in, and try again",
        error,
      );
    }
    this.#open = true;
    this.#console.setGone(false);
    this.#reader = this.#port.readable?.getReader();
    this.#writer = this.#port.writable?.getWriter();
    void this.#read(this.#reader);
  }

  async exchange(endpoint: string, request: Uint8Array, how: Exchange): Promise<Uint8Array> {
    return this.#asker.run((console) => {
      console.exchange(endpoint, request);
    }, how);
  }

  async reconnect(fresh: boolean, how: { readonly signal: AbortSignal }): Promise<void> {
    if (!this.#open) {
      await this.open().catch((error: unknown) => {
        throw new LinkError("lost", "the serial port cannot be opened", { cause: error });
      });
    }
    await this.#asker.run((console) => {
      console.reconnect(fresh);
    }, how);
  }

  async close(): Promise<void> {
    this.#asker.stop(new Error("the link was closed"));
    this.#console.giveUp();
    await this.#leave();
  }

  /** Hands on what comes, until the port ends. */
  async #read(reader: ReadableStreamDefaultReader<Uint8Array> | undefined): Promise<void> {
    try {
      for (;;) {
        const { value, done } = (await reader?.read()) ?? { value: undefined, done: true };
        if (done) break;
        this.#console.feed(value);
        this.#asker.ask();
      }
    } catch {
      // Unplugged, or a framing error after which the stream is over: the port is opened anew by the next reconnect.
    }
    if (reader === this.#reader) {
      await this.#leave();
      this.#asker.ask();
    }
  }

  #write(): void {
    const output = this.#console.output();
    // A port that fails to take it fails to read, too, and that is heard there.
    if (output.length > 0) this.#writer?.write(output).catch(() => undefined);
  }

  async #leave(): Promise<void> {
    const [reader, writer] = [this.#reader, this.#writer];
    this.#reader = undefined;
    this.#writer = undefined;
    this.#console.setGone(true);
    if (!this.#open) return;
    this.#open = false;
    await reader?.cancel().catch(() => undefined);
    reader?.releaseLock();
    await writer?.abort().catch(() => undefined);
    writer?.releaseLock();
    await this.#port.close().catch(() => undefined);
  }
}
