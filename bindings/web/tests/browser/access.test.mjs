// Every screen, light and dark, as narrow as a small phone: nothing that axe objects to, and nothing that sticks out.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { Person, withBrowser, withServer } from "./browser.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const SHOTS = join(process.env.ESPPROV_OUT ?? "/tmp", "web-screens");

for (const scheme of ["light", "dark"]) {
  test(`every screen, ${scheme}, 320 pixels wide`, () =>
    withServer((origin) => withBrowser(async (browser) => {
      mkdirSync(SHOTS, { recursive: true });
      const person = await Person.at(browser, `${origin}/page.html`, { width: 320, height: 640, scheme });
      await person.page.evaluate(AXE);
      const looked = async (name) => {
        await person.page.screenshot({ path: join(SHOTS, `${scheme}-${name}.png`) });
        const found = await person.page.evaluate(async () => (await globalThis.axe.run()).violations);
        assert.deepEqual(found.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(", ")}`), [], name);
        const wide = await person.page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(wide <= 320, `${name} is ${wide} pixels wide`);
      };
      await person.button(/^A simulated device/).waitHandle();
      await person.opens("I have the code of the device");
      await person.opens("More");
      await looked("start");
      await person.type("Proof of possession (PoP) or password", "abcd1234");
      await person.button(/^A simulated device/).click();
      await person.sees("Connecting");
      await looked("connecting");
      await person.sees("Choose its network");
      await looked("networks");
      await person.button(/^Another network/).click();
      await looked("another");
      await person.click("Back");
      await person.button(/^Home/).click();
      await person.type("Passphrase", "wrong-horse");
      await looked("passphrase");
      await person.click("Give the device this network");
      await person.sees("Joining Home");
      await looked("joining");
      await person.sees("That did not work");
      await looked("failed");
      await person.click("Try again");
      await person.button(/^Home/).click();
      await person.type("Passphrase", "correct-horse");
      await person.click("Give the device this network");
      await person.sees("The device is online");
      await looked("online");
      person.isClean();
    })));
}

test("<espprov-button>, open and closed", () =>
  withServer((origin) => withBrowser(async (browser) => {
    const person = await Person.at(browser, `${origin}/button.html`, { width: 360, height: 740 });
    await person.page.evaluate(AXE);
    const looked = async (name) => {
      const found = await person.page.evaluate(async () => (await globalThis.axe.run()).violations);
      assert.deepEqual(found.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(", ")}`), [], name);
    };
    await looked("closed");
    await person.click("Set up the lamp");
    await person.button("Close").waitHandle();
    await looked("open");
    await person.page.keyboard.press("Escape");
    await person.click("Set up the lamp");
    await person.page.locator(">>> ::-p-text(A simulated device)").click();
    await person.page.locator(">>> h1 ::-p-text(That did not work)").waitHandle().catch(() => undefined);
    person.isClean();
  })));
