import { LinkError, type Fault } from "./fault.js";
import type { Exchange } from "./link.js";

/** @internal A link in WebAssembly that is told the time: the console, and the way to the simulated device. */
export interface Polled {
  exchange(endpoint: string, request: Uint8Array): void;
  reconnect(fresh: boolean): void;
  giveUp(): void;
  poll(now: number): boolean;
  number(which: number): number;
  reply(): Uint8Array;
  fault(said: boolean): string;
}

/** @internal The numbers of such a link; `link.rs` has the same. */
export const Of = { until: 0, maxRequest: 1, delivered: 2, flag: 3, size: 4 } as const;

/** @internal Asks such a link whenever there is a reason to, and keeps its promise. */
export class Asker {
  readonly #link: Polled;
  readonly #turned: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #settle: { resolve(reply: Uint8Array): void; reject(error: unknown): void } | undefined;

  /** `turned` is called after each look: there may be bytes to write. */
  constructor(link: Polled, turned: () => void = () => undefined) {
    this.#link = link;
    this.#turned = turned;
  }

  /** Has the link do something, and waits for what comes of it. */
  run(begin: (link: Polled) => void, how: { readonly signal: AbortSignal } & Partial<Exchange>): Promise<Uint8Array> {
    this.stop(new LinkError("needs_reconnect", "something else was begun on the link"));
    begin(this.#link);
    return new Promise((resolve, reject) => {
      const aborted = () => {
        this.#link.giveUp();
        if (this.#link.number(Of.delivered) > 0) how.sent?.();
        this.stop(how.signal.reason);
      };
      const end = () => {
        how.signal.removeEventListener("abort", aborted);
      };
      how.signal.addEventListener("abort", aborted);
      this.#settle = {
        resolve: (reply) => {
          end();
          resolve(reply);
        },
        reject: (error) => {
          end();
          reject(error);
        },
      };
      this.ask();
    });
  }

  /** Something has happened, or the time has come. */
  readonly ask = (): void => {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const settle = this.#settle;
    if (settle === undefined) return;
    const over = this.#link.poll(performance.now());
    this.#turned();
    if (over) {
      this.#settle = undefined;
      const fault = this.#link.fault(false);
      if (fault === "") settle.resolve(this.#link.reply());
      else settle.reject(this.#error(fault as Fault));
      return;
    }
    const left = this.#link.number(Of.until) - performance.now();
    if (left !== Infinity) this.#timer = setTimeout(this.ask, Math.max(0, Math.min(Math.ceil(left), 2 ** 31 - 1)));
  };

  /** Nobody is asked any more. */
  stop(reason: unknown): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#settle?.reject(reason);
    this.#settle = undefined;
  }

  #error(fault: Fault): LinkError {
    const flag = this.#link.number(Of.flag) > 0;
    return new LinkError(fault, this.#link.fault(true), {
      ...(fault === "refused" ? { linkAlive: flag } : { delivered: flag }),
      size: this.#link.number(Of.size),
    });
  }
}
