// Makes one file of the page: style, script and the WebAssembly module inside, and a policy that allows just these.
import { createHash } from "node:crypto";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";

const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/** `here` is the package's folder, `dist` has its compiled JavaScript already; `pack(from, to)` makes a gzip file. */
export async function buildPages(here, dist, pack) {
  const wasm = join(dist, "client/espprov_web_client_bg.wasm");
  pack(wasm, `${wasm}.gz`);
  const module = readFileSync(`${wasm}.gz`);
  const { outputFiles } = await build({
    entryPoints: [join(dist, "page.js")],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    legalComments: "none",
    write: false,
    define: { ESPPROV_MODULE: JSON.stringify(module.toString("base64")) },
    // What only a package that lies in files asks for.
    logOverride: { "empty-import-meta": "silent" },
  });
  // Nothing in it may look like the end of the script.
  const script = outputFiles[0].text.trim().replaceAll("</script", "<\\/script");
  const { style } = await import(pathToFileURL(join(dist, "style.js")));
  const look = `${style.replaceAll(/\s*\n\s*/g, "")}body{margin:0;background:light-dark(#fff,#17191d)}`;
  const policy = [
    "default-src 'none'",
    `script-src ${hash(script)} 'wasm-unsafe-eval'`,
    `style-src ${hash(look)}`,
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  const page = readFileSync(join(here, "page/page.html"), "utf8")
    .replace("POLICY", () => policy)
    .replace("STYLE", () => look)
    .replace("SCRIPT", () => script);
  writeFileSync(join(dist, "page.html"), page);
  pack(join(dist, "page.html"), join(dist, "page.html.gz"));
  pack(join(dist, "simulator/espprov_web_simulator_bg.wasm"), join(dist, "espprov-simulator.wasm.gz"));
  cpSync(join(here, "page/button.html"), join(dist, "button.html"));
}
