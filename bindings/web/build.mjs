// Builds the package into dist/: both WebAssembly modules, the JavaScript that goes with them, the package's TypeScript, and the page.
//
// Needs a Rust toolchain with the target wasm32-unknown-unknown, and `npm ci` before. What is not given here is cargo's own to know: no
// program is downloaded. With the standard library's source (`rustup component add rust-src`) the modules are smaller by a tenth: see
// `compiler`.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildPages } from "./page/build.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const target = process.env.CARGO_TARGET_DIR ?? join(here, "../../target/web");
const WASM = "wasm32-unknown-unknown";
/** The first compiler that knows panics which only stop. */
const SMALL_SINCE = 92;

function run(program, args, env = {}) {
  // Flags of the environment would take the place of those that are said here and in .cargo/config.toml.
  const { RUSTFLAGS: _, CARGO_ENCODED_RUSTFLAGS: __, ...inherited } = process.env;
  execFileSync(program, args, { cwd: here, stdio: "inherit", env: { ...inherited, CARGO_TARGET_DIR: target, ...env } });
}

/**
 * How cargo is to build the modules. A panic stops a module and nobody reads its text, so that and all that makes it is left out of the
 * standard library, too: that takes its source and a compiler that is told to allow it. `ESPPROV_RUSTC` is one that has the source,
 * `ESPPROV_LINKER` its linker.
 */
function compiler() {
  const rustc = process.env.ESPPROV_RUSTC ?? process.env.RUSTC ?? "rustc";
  const say = (...args) => execFileSync(rustc, args, { cwd: here, encoding: "utf8" }).trim();
  const source = join(say("--print", "sysroot"), "lib/rustlib/src/rust/library/Cargo.lock");
  const [, minor] = /^rustc 1\.(\d+)\./.exec(say("--version")) ?? [];
  if (!existsSync(source) || !(Number(minor) >= SMALL_SINCE)) {
    console.warn("The modules are larger than they need be: rustup component add rust-src makes them smaller.");
    return { args: [], env: {} };
  }
  const linker = process.env.ESPPROV_LINKER;
  return {
    args: [
      "-Zbuild-std=core,alloc,std,panic_abort", "-Zbuild-std-features=optimize_for_size",
      "--config", `target.${WASM}.rustflags=["-Zunstable-options", "-Cpanic=immediate-abort"]`,
      ...(linker === undefined ? [] : ["--config", `target.${WASM}.linker=${JSON.stringify(linker)}`]),
    ],
    env: { RUSTC: rustc, RUSTC_BOOTSTRAP: "1" },
  };
}

const cargo = process.env.CARGO ?? "cargo";
const modules = ["client", "simulator"];
const { args, env } = compiler();
run(cargo, ["build", "--quiet", "--locked", "--release", "--target", WASM,
  ...modules.flatMap((name) => ["--package", `espprov-web-${name}`]), ...args], env);
run(cargo, ["build", "--quiet", "--locked", "--manifest-path", join(here, "glue/Cargo.toml")]);
const glue = join(target, "debug/espprov-web-glue");
const dist = join(here, "dist");
rmSync(dist, { recursive: true, force: true });
for (const name of modules) {
  const made = join(here, "src", name);
  rmSync(made, { recursive: true, force: true });
  mkdirSync(made, { recursive: true });
  run(glue, ["bind", join(target, WASM, "release", `espprov_web_${name}.wasm`), made]);
  cpSync(made, join(dist, name), { recursive: true });
}
run("node", [join(here, "node_modules/typescript/bin/tsc"), "--project", here]);
await buildPages(here, dist, (from, to) => run(glue, ["pack", from, to]));
