const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Text as UTF-8; bytes as they are. */
export function bytes(value: string | Uint8Array | undefined): Uint8Array {
  if (value === undefined) return new Uint8Array();
  return typeof value === "string" ? encoder.encode(value) : value;
}

/** Bytes as text; what is none becomes a replacement character. */
export function text(value: Uint8Array): string {
  return decoder.decode(value);
}

/** The bytes of a hexadecimal number. */
export function unhex(hex: string): Uint8Array {
  const out = new Uint8Array(hex.length >> 1);
  for (let at = 0; at < out.length; at++) out[at] = Number.parseInt(hex.slice(2 * at, 2 * at + 2), 16);
  return out;
}
