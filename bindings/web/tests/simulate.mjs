// `espprov simulate` beside a test: the program is the one in ESPPROV, as `cargo xtask e2e web` builds it.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

const program = process.env.ESPPROV ?? "espprov";

/** Starts one; `address` is what it serves. Stops when the block that uses it ends. */
export async function simulate(...args) {
  const child = spawn(program, ["simulate", "--json", ...args], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const stop = async () => {
    child.kill("SIGTERM");
    await ended;
  };
  for await (const line of createInterface({ input: child.stdout })) {
    const { event, address } = JSON.parse(line);
    if (event === "listening") return { address, stop, [Symbol.asyncDispose]: stop };
  }
  throw new Error(`${program} simulate ${args.join(" ")} ended before it listened`);
}
