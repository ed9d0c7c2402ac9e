import { EspprovError, type Explained } from "./errors.js";
import type { SetupCode } from "./values.js";
import { load, parseSetupCode } from "./wasm.js";

/** Reads the text of the code on a device: its JSON document, or a link with that in it. */
export async function readSetupCode(text: string): Promise<SetupCode> {
  await load();
  const read = JSON.parse(parseSetupCode(text, typeof document !== "undefined")) as SetupCode | { error: Explained };
  if ("error" in read) throw new EspprovError(read.error);
  return read;
}
