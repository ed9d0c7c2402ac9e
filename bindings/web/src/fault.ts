/** What went wrong on a link, as the engine understands it. A link of your own needs the first four. */
export type Fault =
  | "refused"
  | "lost"
  | "timed_out"
  | "no_such_endpoint"
  | "session_taken"
  | "needs_pairing"
  | "request_too_large"
  | "reply_too_large"
  | "needs_reconnect"
  | "garbled"
  | "spoiled"
  | "restarted";

/** What goes with a fault. */
export interface FaultDetails {
  /** `lost`, `timed_out`: the request had been handed over completely, so the device may have acted on it. */
  readonly delivered?: boolean;
  /** `refused`: the next request can go out at once. */
  readonly linkAlive?: boolean;
  /** `request_too_large`: what the link carries, in bytes. */
  readonly size?: number;
  /** The error of whatever lies below. */
  readonly cause?: unknown;
}

/**
 * Thrown by a link. An object of any other class with the same properties does as well: without `fault` a link counts as lost, and
 * nobody concludes from a request that was `delivered` unless the link says so.
 */
export class LinkError extends Error {
  override readonly name = "LinkError";
  readonly fault: Fault;
  readonly delivered: boolean;
  readonly linkAlive: boolean;
  readonly size: number;

  constructor(fault: Fault, message: string, details: FaultDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.fault = fault;
    this.delivered = details.delivered ?? false;
    this.linkAlive = details.linkAlive ?? fault === "refused";
    this.size = details.size ?? 0;
  }
}

/** @internal What any thrown value says of the link. */
export function faultOf(thrown: unknown): { fault: string; flag: boolean; size: number; said: string } {
  const given = (typeof thrown === "object" && thrown !== null ? thrown : {}) as Record<string, unknown>;
  const fault = typeof given["fault"] === "string" ? given["fault"] : "lost";
  const flag = fault === "refused" ? given["linkAlive"] !== false : given["delivered"] === true;
  const size = typeof given["size"] === "number" && given["size"] > 0 ? given["size"] : 0;
  // The text of a stranger's error may hold anything: it stays in `cause`.
  const own = thrown instanceof LinkError;
  const said = own ? thrown.message : `the link threw ${thrown instanceof Error ? thrown.name : typeof thrown}`;
  return { fault, flag, size, said };
}
