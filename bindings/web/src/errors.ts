/** What kind of failure it was: what a program decides by. */
export type ErrorKind =
  | "usage"
  | "link"
  | "credentials"
  | "policy"
  | "refused"
  | "auth_failed"
  | "network_not_found"
  | "deadline"
  | "unconfirmed"
  | "interrupted"
  | "unexpected";

/** @internal An error as the WebAssembly module writes it. */
export interface Explained {
  readonly code: string;
  readonly kind: ErrorKind;
  readonly message: string;
  readonly likelyCause: string;
  readonly help: string;
  readonly retry: boolean;
}

/** A failure, for people and programs. Holds no secret. */
export class EspprovError extends Error {
  override readonly name = "EspprovError";
  /** A word for programs, the same from release to release: `wrong_pop`, `auth_error`, `link_lost` … */
  readonly code: string;
  readonly kind: ErrorKind;
  /** Why it probably happened; empty where nobody knows. */
  readonly likelyCause: string;
  /** What to do next. */
  readonly help: string;
  /** Trying again may help. */
  readonly retry: boolean;

  constructor(explained: Explained, cause?: unknown) {
    super(explained.message, cause === undefined ? undefined : { cause });
    this.code = explained.code;
    this.kind = explained.kind;
    this.likelyCause = explained.likelyCause;
    this.help = explained.help;
    this.retry = explained.retry;
  }
}

/** @internal One that only this side knows of. */
export function failure(
  kind: ErrorKind,
  code: string,
  message: string,
  likelyCause: string,
  help: string,
  cause?: unknown,
): EspprovError {
  return new EspprovError({ code, kind, message, likelyCause, help, retry: kind === "link" }, cause);
}
