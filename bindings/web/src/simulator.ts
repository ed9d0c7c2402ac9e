import type { Exchange, Limits, Link } from "./link.js";
import { Asker, Of } from "./polled.js";
import { loadInto, type Source } from "./wasm.js";
import type { Simulator } from "./simulator/espprov_web_simulator.js";

let ready: Promise<typeof import("./simulator/espprov_web_simulator.js")> | undefined;

/** Loads the second WebAssembly module; `simulator()` does that by itself. */
export function loadSimulator(
  source: Source = new URL("./simulator/espprov_web_simulator_bg.wasm", import.meta.url),
): Promise<typeof import("./simulator/espprov_web_simulator.js")> {
  ready ??= (async () => {
    const module = await import("./simulator/espprov_web_simulator.js");
    await loadInto(source, module.initSync, module.default);
    return module;
  })().catch((error: unknown) => {
    ready = undefined;
    throw error;
  });
  return ready;
}

/** A simulated device. */
export interface SimulatorLink extends Link {
  readonly name: string;
  /** Its security scheme. */
  readonly security: number;
  /** What opens it: the proof of possession, or the password of security 2; empty without. */
  readonly pop: string;
  /** The user name of security 2. */
  readonly username: string;
}

/**
 * A simulated device inside this page or program: `"default"`, pleasant for demonstrations; `"zero"`, where nothing takes any time; or
 * the text of a scenario file.
 */
export async function simulator(scenario = "default"): Promise<SimulatorLink> {
  const { Simulator } = await loadSimulator();
  return new Simulated(new Simulator(scenario));
}

class Simulated implements SimulatorLink {
  readonly kind = "sim";
  readonly label = "the simulated device";
  readonly #device: Simulator;
  readonly #asker: Asker;

  constructor(device: Simulator) {
    this.#device = device;
    this.#asker = new Asker(device);
  }

  get name(): string {
    return this.#device.name();
  }
  get security(): number {
    return this.#device.security();
  }
  get pop(): string {
    return this.#device.pop();
  }
  get username(): string {
    return this.#device.username();
  }
  get limits(): Limits {
    return { maxRequest: this.#device.number(Of.maxRequest) || undefined };
  }

  exchange(endpoint: string, request: Uint8Array, how: Exchange): Promise<Uint8Array> {
    return this.#asker.run((device) => {
      device.exchange(endpoint, request);
    }, how);
  }

  async reconnect(fresh: boolean, how: { readonly signal: AbortSignal }): Promise<void> {
    await this.#asker.run((device) => {
      device.reconnect(fresh);
    }, how);
  }

  close(): void {
    this.#asker.stop(new Error("the link was closed"));
    this.#device.giveUp();
  }
}
