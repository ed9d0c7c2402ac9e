/** How long an exchange may take, and who wants to know that its request is out. */
export interface Exchange {
  /** Aborted when nobody waits for the answer any more: the deadline has passed, or the call was given up. */
  readonly signal: AbortSignal;
  /** To be called once the request has been handed over completely. A link that cannot tell never calls it. */
  sent(): void;
}

/** What a link carries at most, in bytes. */
export interface Limits {
  readonly maxRequest?: number | undefined;
  readonly maxResponse?: number | undefined;
}

/** The kind of link, for the deadlines and the words of errors. */
export type LinkKind = "ble" | "http" | "serial" | "sim";

/**
 * The way to one device: a request goes to an endpoint, its reply comes back. One at a time. After an exchange that failed (but for
 * a refusal with `linkAlive`) or was aborted, the next call is `reconnect`.
 */
export interface Link {
  exchange(endpoint: string, request: Uint8Array, how: Exchange): Promise<Uint8Array> | Uint8Array;
  /** Opens the link again; `fresh`: the device must forget the session. A link without it is one that is always open. */
  reconnect?(fresh: boolean, how: { readonly signal: AbortSignal }): Promise<void> | void;
  /** Ends the link. */
  close?(): Promise<void> | void;
  readonly limits?: Limits | undefined;
  readonly kind?: LinkKind | undefined;
  /** What the device is called in messages. */
  readonly label?: string | undefined;
}
