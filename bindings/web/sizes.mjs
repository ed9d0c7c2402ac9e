// What a page or a program downloads, against what it may be. A ceiling is what was measured and 3 % more: who makes it smaller lowers it.
import { existsSync, readFileSync } from "node:fs";

/** What it is called, its file, largest size, and that of the compressed file beside it; 0: not looked at. */
const CEILINGS = [
  ["client half", "client/espprov_web_client_bg.wasm", "client/espprov_web_client_bg.wasm.gz", 0, 73_700],
  ["page", "page.html", "page.html.gz", 143_100, 88_500],
  ["simulated device", "simulator/espprov_web_simulator_bg.wasm", "espprov-simulator.wasm.gz", 0, 122_800],
];

let failed = false;
const found = [];
for (const [name, file, packed, largest, compressed] of CEILINGS) {
  const [size, small] = [file, packed].map((name) => {
    const url = new URL(`dist/${name}`, import.meta.url);
    if (existsSync(url)) return readFileSync(url).length;
    console.error(`${name} is not there: npm run build`);
    process.exit(1);
  });
  found.push(`${name} ${size}, ${small} as gzip`);
  for (const [bytes, ceiling, what] of [[size, largest, ""], [small, compressed, " as gzip"]]) {
    if (ceiling > 0 && bytes > ceiling) {
      console.error(`the ${name} has ${bytes} bytes${what}, more than ${ceiling}`);
      failed = true;
    }
  }
}
console.log(found.join("; "));
process.exit(failed ? 1 : 0);
