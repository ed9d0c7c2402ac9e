// What `<espprov-button>` shows where it can do nothing, and what the page's policy forbids.
import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { INSECURE, Person, dist, withBrowser, withServer } from "./browser.mjs";

const PHONE = { width: 360, height: 740 };

/** A page with the element, and without the simulated device of `button.html`. */
async function withButton(slots, use) {
  const file = join(dist, "slots.html");
  writeFileSync(file, `<!doctype html><html lang="en"><title>slots</title><script type="module" src="./button.js"></script>
    <main><h1>A lamp</h1><espprov-button>${slots}</espprov-button></main>`);
  try {
    await withServer(use);
  } finally {
    rmSync(file);
  }
}

const SLOTS = `<button slot="activate">Set up the lamp</button><span slot="unsupported">No lamps here.</span>
  <span slot="not-allowed">Over https, please.</span>`;
/** What the person sees of these three. */
const seen = (page) => page.$$eval("[slot]", (slots) => slots.filter((one) => one.checkVisibility()).map((one) => one.innerText));

for (const [name, address, without, slot, own] of [
  ["the browser reaches no device", (origin) => origin, true, "No lamps here.", /use Chrome, Edge or Opera/],
  ["the page has no secure context", (origin) => `http://${INSECURE}:${new URL(origin).port}`, false, "Over https, please.", /over https only/],
  ["it can be used", (origin) => origin, false, "Set up the lamp", /^Give a device its network$/],
]) {
  for (const slots of [SLOTS, ""]) {
    test(`<espprov-button> where ${name}, ${slots ? "in the page's words" : "in its own"}`, () =>
      withButton(slots, (origin) => withBrowser(async (browser) => {
        const person = await Person.at(browser, "about:blank", PHONE);
        if (without) {
          await person.page.evaluateOnNewDocument(() => {
            for (const name of ["bluetooth", "serial"]) delete Navigator.prototype[name];
          });
        }
        await person.page.goto(`${address(origin)}/slots.html`);
        await person.page.waitForFunction(() => document.querySelector("espprov-button").shadowRoot !== null);
        if (slots) {
          assert.deepEqual(await seen(person.page), [slot]);
        } else {
          const text = await person.page.$eval("espprov-button", (button) => button.shadowRoot.querySelector("slot").innerText);
          const shown = text || (await person.page.$eval("espprov-button", (button) => button.shadowRoot.querySelector("slot").textContent));
          assert.match(shown.trim(), own);
        }
        person.isClean();
      })));
  }
}

test("the page's policy: its own script and style, its own server, and nothing else", () =>
  withServer((origin) => withBrowser(async (browser) => {
    const person = await Person.at(browser, `${origin}/page.html`, PHONE);
    await person.sees("Give a device its network");
    const policy = await person.page.$eval("meta[http-equiv]", (meta) => meta.content);
    const hash = "'sha256-[A-Za-z0-9+/]{43}='";
    assert.match(policy, new RegExp(`^default-src 'none'; script-src ${hash} 'wasm-unsafe-eval'; style-src ${hash}; connect-src 'self'`));
    person.isClean();
    const forbidden = await person.page.evaluate(async () => {
      const kept = [];
      const all = new Promise((resolve) => {
        document.addEventListener("securitypolicyviolation", (event) => { if (kept.push(event.effectiveDirective) === 4) resolve(); });
      });
      const add = (name, properties) => document.body.append(Object.assign(document.createElement(name), properties));
      add("script", { textContent: "globalThis.ran = true" });
      add("style", { textContent: "body { display: none }" });
      add("img", { src: "https://elsewhere.test/" });
      await fetch("https://elsewhere.test/").catch(() => undefined);
      await all;
      return { kept: kept.sort(), ran: globalThis.ran, display: getComputedStyle(document.body).display };
    });
    assert.deepEqual(forbidden, { kept: ["connect-src", "img-src", "script-src-elem", "style-src-elem"], display: "block" });
  })));
