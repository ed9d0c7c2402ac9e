import { failure } from "./errors.js";
import { LinkError } from "./fault.js";
import type { Exchange, Limits, Link } from "./link.js";
import { waitFor } from "./wait.js";

/** The service of stock firmware. */
export const SERVICE = "1775244d-6b43-439b-877c-060f2d9bed07";
/** Where a characteristic says what its endpoint is called. */
const DESCRIPTION = "00002901-0000-1000-8000-00805f9b34fb";
/** For devices whose characteristics say nothing: the third and fourth byte of the service's UUID, as stock firmware numbers them. */
const NUMBERS: Readonly<Record<string, string>> = {
  ff4f: "prov-ctrl",
  ff50: "prov-scan",
  ff51: "prov-session",
  ff52: "prov-config",
  ff53: "proto-ver",
};
/** Longest value of Bluetooth LE. */
const MAX_VALUE = 512;
/** How long one step of connecting may take: some systems never say that they have given up. */
const STEP = 15_000;

/** As much of Web Bluetooth as is used: TypeScript's library has none of it. */
interface Descriptor {
  readValue(): Promise<DataView>;
}
interface Characteristic {
  readonly uuid: string;
  getDescriptor(uuid: string): Promise<Descriptor>;
  readValue(): Promise<DataView>;
  writeValueWithResponse(value: Uint8Array): Promise<void>;
}
interface Service {
  getCharacteristics(): Promise<Characteristic[]>;
}
interface Server {
  readonly connected: boolean;
  connect(): Promise<Server>;
  disconnect(): void;
  getPrimaryService(uuid: string): Promise<Service>;
}
interface BluetoothDevice extends EventTarget {
  readonly name?: string;
  readonly gatt?: Server;
}

/** Which devices the browser offers. */
export interface BluetoothOptions {
  /** The beginning of the device's name, such as `PROV_`. */
  readonly namePrefix?: string | undefined;
  /** Its whole name. */
  readonly name?: string | undefined;
  /** The UUID of a service that is not the usual one. */
  readonly service?: string | undefined;
  /** A device that was granted before; without it the browser asks. */
  readonly device?: unknown;
}

/** Web Bluetooth is there and usable. */
export function hasBluetooth(): boolean {
  return typeof navigator !== "undefined" && "bluetooth" in navigator;
}

/** A device over Bluetooth LE. The browser asks which one it is: to be called while a click or a key is handled. */
export async function bluetooth(options: BluetoothOptions = {}): Promise<Link> {
  const given = options.device as BluetoothDevice | undefined;
  if (given === undefined && !hasBluetooth()) {
    throw failure(
      "usage",
      "no_bluetooth",
      "this browser offers no Bluetooth",
      globalThis.isSecureContext === false
        ? "browsers offer it to pages over https and from this computer only"
        : "Firefox, Safari and all browsers on iPhones and iPads have no Web Bluetooth",
      "use Chrome, Edge or Opera on a computer or an Android phone, with a page over https",
    );
  }
  const service = (options.service ?? SERVICE).toLowerCase();
  const link = new Bluetooth(given ?? (await choose(options, service)), service);
  try {
    await link.reconnect(true, { signal: AbortSignal.timeout(2 * STEP) });
  } catch (error) {
    if (!(error instanceof LinkError)) throw error;
    throw failure(
      "link",
      error.fault === "garbled" ? "not_a_device" : "device_unreachable",
      error.message,
      error.fault === "garbled"
        ? "it is another kind of device, or it is not in provisioning mode"
        : "it is out of reach, off, or connected to another phone or computer",
      "bring it into provisioning mode, stay close to it, and try again",
      error,
    );
  }
  return link;
}

async function choose(options: BluetoothOptions, service: string): Promise<BluetoothDevice> {
  const filter = {
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(options.namePrefix === undefined ? {} : { namePrefix: options.namePrefix }),
  };
  const named = Object.keys(filter).length > 0;
  const wanted = { filters: [named ? filter : { services: [service] }], optionalServices: [service] };
  const api = (navigator as unknown as { bluetooth: { requestDevice(wanted: object): Promise<BluetoothDevice> } }).bluetooth;
  try {
    return await api.requestDevice(wanted);
  } catch (error) {
    throw failure(
      "interrupted",
      "not_chosen",
      "no device was chosen",
      "the list of devices was closed, Bluetooth is off, or no device in provisioning mode is in reach",
      "switch Bluetooth on, bring the device into provisioning mode, and choose it from the list",
      error,
    );
  }
}

class Bluetooth implements Link {
  readonly kind = "ble";
  readonly limits: Limits = { maxRequest: MAX_VALUE, maxResponse: MAX_VALUE };
  readonly label: string;
  readonly #device: BluetoothDevice;
  readonly #service: string;
  #endpoints = new Map<string, Characteristic>();
  /** Counts connections: what an earlier one still says means nothing. */
  #connection = 0;

  constructor(device: BluetoothDevice, service: string) {
    this.#device = device;
    this.#service = service;
    this.label = device.name ?? "the Bluetooth device";
  }

  /** Connects, and asks each characteristic for its name. */
  async reconnect(_fresh: boolean, { signal }: { readonly signal: AbortSignal }): Promise<void> {
    const connection = ++this.#connection;
    const gatt = this.#device.gatt;
    if (gatt === undefined) throw new LinkError("lost", "the browser may not connect to the device");
    // The device keeps one session per connection, and forgets it with that.
    gatt.disconnect();
    const step = async <T>(what: string, fault: "lost" | "garbled", work: Promise<T>): Promise<T> => {
      const came = await waitFor(work, performance.now() + STEP, signal).catch((error: unknown) => {
        signal.throwIfAborted();
        throw new LinkError(gatt.connected ? fault : "lost", what, { cause: error });
      });
      if (!came.done || connection !== this.#connection) {
        gatt.disconnect();
        throw new LinkError("timed_out", what);
      }
      return came.value;
    };
    const server = await step("the device cannot be connected to", "lost", gatt.connect());
    const service = await step(
      "the device has no provisioning service",
      "garbled",
      server.getPrimaryService(this.#service),
    );
    const found = await step("the device does not list its endpoints", "garbled", service.getCharacteristics());
    const endpoints = new Map<string, Characteristic>();
    for (const characteristic of found) {
      // Without a description, or where the system hides it, the number tells.
      const described = await step("the device does not name its endpoints", "lost", describe(characteristic));
      const name = described ?? NUMBERS[characteristic.uuid.slice(4, 8)];
      if (name !== undefined) endpoints.set(name, characteristic);
    }
    if (!gatt.connected) throw new LinkError("lost", "the device hung up");
    this.#endpoints = endpoints;
  }

  async exchange(endpoint: string, request: Uint8Array, { signal, sent }: Exchange): Promise<Uint8Array> {
    const characteristic = this.#endpoints.get(endpoint);
    if (characteristic === undefined) throw new LinkError("no_such_endpoint", "the device has no such endpoint");
    if (request.length > MAX_VALUE) {
      throw new LinkError("request_too_large", "the request is longer than a value of Bluetooth", { size: MAX_VALUE });
    }
    if (!this.#device.gatt?.connected) throw new LinkError("lost", "the device is not connected");
    const gone = new Gone(this.#device, signal);
    let delivered = false;
    try {
      await gone.first(characteristic.writeValueWithResponse(request));
      delivered = true;
      sent();
      const value = await gone.first(characteristic.readValue());
      return new Uint8Array(value.buffer, value.byteOffset, value.byteLength).slice();
    } catch (error) {
      signal.throwIfAborted();
      // Browsers do not tell which error the device gave. One that stays connected has refused; one that hangs up in the handshake has,
      // too, as some firmware does; anywhere else it is lost.
      const linkAlive = this.#device.gatt.connected && !gone.happened;
      if (linkAlive || (endpoint === "prov-session" && !delivered)) {
        throw new LinkError("refused", "the device refused the request", { linkAlive, cause: error });
      }
      throw new LinkError("lost", "the device hung up", { delivered, cause: error });
    } finally {
      gone.end();
    }
  }

  close(): void {
    this.#connection++;
    this.#device.gatt?.disconnect();
  }
}

async function describe(characteristic: Characteristic): Promise<string | undefined> {
  try {
    const descriptor = await characteristic.getDescriptor(DESCRIPTION);
    const name = new TextDecoder().decode(await descriptor.readValue()).replace(/\0+$/, "");
    return name === "" ? undefined : name;
  } catch {
    return undefined;
  }
}

/** Hears that a device hung up: some systems leave what was under way unanswered then. */
class Gone {
  happened = false;
  readonly #device: BluetoothDevice;
  readonly #over: Promise<never>;
  readonly #abort = new AbortController();

  constructor(device: BluetoothDevice, signal: AbortSignal) {
    this.#device = device;
    this.#over = new Promise((_, reject) => {
      const heard = () => {
        this.happened = true;
        // The error of the request itself, if it has one, comes first.
        setTimeout(() => {
          reject(new Error("the device hung up"));
        }, 0);
      };
      this.#device.addEventListener("gattserverdisconnected", heard, { signal: this.#abort.signal });
      signal.addEventListener("abort", () => {
        reject(signal.reason as Error);
      }, { signal: this.#abort.signal });
    });
    this.#over.catch(() => undefined);
  }

  first<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#over]);
  }

  end(): void {
    this.#abort.abort();
  }
}
