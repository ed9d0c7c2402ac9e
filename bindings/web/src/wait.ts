/** What a wait came to. */
export type Waited<T> = { readonly done: true; readonly value: T } | { readonly done: false };

/** Node.js and browsers wait no longer than that at once. */
const LONGEST = 2 ** 31 - 1;

/**
 * Waits for `work` until that moment (of `performance.now()`); rejects with the signal's reason if that comes first. Nothing is left
 * behind: a timer that stayed would keep Node.js from ending.
 */
export function waitFor<T>(
  work: PromiseLike<T> | undefined,
  until: number,
  signal: AbortSignal | undefined,
): Promise<Waited<T>> {
  return new Promise((resolve, reject) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", aborted);
    };
    const aborted = () => {
      end();
      reject(signal?.reason);
    };
    const look = () => {
      const left = until - performance.now();
      if (left <= 0) {
        end();
        resolve({ done: false });
      } else if (left !== Infinity) {
        // A timer may fire a moment early.
        timer = setTimeout(look, Math.min(Math.ceil(left), LONGEST));
      }
    };
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    signal?.addEventListener("abort", aborted);
    look();
    work?.then(
      (value) => {
        end();
        resolve({ done: true, value });
      },
      (error: unknown) => {
        end();
        reject(error);
      },
    );
  });
}

/** Lets the page draw and whatever else is due happen. */
export function othersFirst(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 0);
  });
}
