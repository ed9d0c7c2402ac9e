// What a page or a program downloads, against what it may be. A ceiling is what was measured and 3 % more: who makes it smaller lowers it.
import { existsSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const KB = 1000;
/** File, largest size, largest size compressed; 0: not looked at. */
const CEILINGS = [
  ["client/espprov_web_client_bg.wasm", 0, 102_800],
  ["simulator/espprov_web_simulator_bg.wasm", 0, 187_900],
  ["page.html", 180 * KB, 119_200],
];

let failed = false;
const found = [];
for (const [name, largest, compressed] of CEILINGS) {
  const file = new URL(`dist/${name}`, import.meta.url);
  if (!existsSync(file)) {
    console.error(`${name} is not there: npm run build`);
    process.exit(1);
  }
  const bytes = readFileSync(file);
  const small = gzipSync(bytes, { level: 9 }).length;
  found.push(`${name.split("/").at(-1)} ${bytes.length}, ${small} as gzip`);
  for (const [size, ceiling, what] of [[bytes.length, largest, ""], [small, compressed, " as gzip"]]) {
    if (ceiling > 0 && size > ceiling) {
      console.error(`${name} has ${size} bytes${what}, more than ${ceiling}`);
      failed = true;
    }
  }
}
console.log(found.join("; "));
process.exit(failed ? 1 : 0);
