// Builds the package into dist/: both WebAssembly modules, the JavaScript that goes with them, the package's TypeScript, and the page.
//
// Needs a Rust toolchain with the target wasm32-unknown-unknown, and `npm ci` before. What is not given here is cargo's own to know: no
// program is downloaded.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildPages } from "./page/build.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const target = process.env.CARGO_TARGET_DIR ?? join(here, "../../target/web");
const WASM = "wasm32-unknown-unknown";

function run(program, ...args) {
  execFileSync(program, args, { cwd: here, stdio: "inherit", env: { ...process.env, CARGO_TARGET_DIR: target } });
}

const cargo = process.env.CARGO ?? "cargo";
for (const name of ["client", "simulator"]) {
  run(cargo, "build", "--quiet", "--locked", "--release", "--target", WASM, "--package", `espprov-web-${name}`);
}
run(cargo, "build", "--quiet", "--locked", "--manifest-path", join(here, "glue/Cargo.toml"));
const dist = join(here, "dist");
rmSync(dist, { recursive: true, force: true });
for (const name of ["client", "simulator"]) {
  const made = join(here, "src", name);
  rmSync(made, { recursive: true, force: true });
  mkdirSync(made, { recursive: true });
  run(join(target, "debug/espprov-web-glue"), join(target, WASM, "release", `espprov_web_${name}.wasm`), made);
  cpSync(made, join(dist, name), { recursive: true });
}
run("node", join(here, "node_modules/typescript/bin/tsc"), "--project", here);
await buildPages(here, dist);
