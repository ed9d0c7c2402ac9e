// A second engine: the page served by a device, and the simulated device in it.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { simulate } from "../simulate.mjs";
import { Person, dist, withBrowser, withServer } from "./browser.mjs";

const POP = "Proof of possession (PoP) or password";
const FIREFOX = { browser: "firefox" };

async function joins(person) {
  await person.joins();
  await person.sees("The device is online");
}

test("served by a device: a wrong PoP, then online", async () => {
  const device = await simulate("--http", "127.0.0.1:0", "--page", join(dist, "page.html.gz"), "--scenario", "zero", "--security", "1");
  try {
    await withBrowser(async (browser) => {
      const person = await Person.at(browser, device.address, { width: 400, height: 740 });
      await person.type(POP, "wrong");
      await person.click("The device that shows this page");
      await person.sees("That did not work");
      assert.match(await person.text(), /Wrong proof of possession/);
      await person.click("Try again");
      await person.type(POP, "abcd1234");
      await person.click("The device that shows this page");
      await joins(person);
    }, FIREFOX);
  } finally {
    await device.stop();
  }
});

test("no Web Bluetooth: it says so, and the simulated device works", () =>
  withServer((origin) => withBrowser(async (browser) => {
    const person = await Person.at(browser, `${origin}/page.html`, { width: 400, height: 740 });
    await person.button(/^A simulated device/).waitHandle();
    assert.match(await person.text(), /Bluetooth( and Serial ports)?: not offered by this browser/);
    await person.type(POP, "abcd1234");
    await person.button(/^A simulated device/).click();
    await joins(person);
    person.isClean();
  }, FIREFOX)));
