// The page in Chromium: served by a device, and with the simulated device in it.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { simulate } from "../simulate.mjs";
import { INSECURE, Person, dist, withBrowser, withServer } from "./browser.mjs";

const PAGE = join(dist, "page.html.gz");
const POP = "Proof of possession (PoP) or password";
const PHONE = { width: 360, height: 740 };
const DESKTOP = { width: 1280, height: 800 };

/** A device that serves the page. */
async function withDevice(use, ...args) {
  const device = await simulate("--http", "127.0.0.1:0", "--page", PAGE, "--scenario", "zero", ...args);
  try {
    return await use(device.address);
  } finally {
    await device.stop();
  }
}

async function chooses(person, network, passphrase) {
  await person.sees("Choose its network");
  await person.button(network).click();
  if (passphrase === undefined) return;
  await person.type("Passphrase", passphrase);
  await person.click("Give the device this network");
}

for (const [name, size] of [["a phone", PHONE], ["a desktop", DESKTOP]]) {
  for (const security of ["1", "2"]) {
    test(`served by a device with security ${security}, on ${name}`, () =>
      withDevice((address) => withBrowser(async (browser) => {
        const person = await Person.at(browser, address, size);
        await person.sees("Give a device its network");
        await person.type(POP, "abcd1234");
        await person.click("The device that shows this page");
        await chooses(person, /^Home/, "correct-horse");
        await person.sees("The device is online");
        assert.match(await person.text(), /192\.168\.1\.57/);
        person.isClean();
      }), "--security", security));
  }
}

test("a device without encryption is trusted only if the person says so", () =>
  withDevice((address) => withBrowser(async (browser) => {
    const person = await Person.at(browser, address, PHONE);
    await person.click("The device that shows this page");
    await chooses(person, /^Guests/);
    await person.sees("That did not work");
    assert.match(await person.text(), /no encryption/);
    await person.click("Try again");
    await person.tick("Allow a device without encryption");
    await person.click("The device that shows this page");
    await chooses(person, /^Guests/);
    await person.sees("The device is online");
    person.isClean();
  }), "--security", "0"));

for (const security of ["1", "2"]) {
  test(`a wrong PoP is said to be one, though the device only hangs up (security ${security})`, () =>
    withDevice((address) => withBrowser(async (browser) => {
      const person = await Person.at(browser, address, PHONE);
      await person.type(POP, "wrong");
      await person.click("The device that shows this page");
      await person.sees("That did not work");
      assert.match(await person.text(), /Wrong (proof of possession|username or password)/);
      await person.click("Try again");
      await person.type(POP, "abcd1234");
      await person.click("The device that shows this page");
      await person.sees("Choose its network");
      person.isClean();
    }), "--security", security));
}

test("a wrong passphrase, then the right one; a page that is loaded again", () =>
  withDevice((address) => withBrowser(async (browser) => {
    const person = await Person.at(browser, address, PHONE);
    await person.type(POP, "abcd1234");
    await person.click("The device that shows this page");
    await chooses(person, /^Home/, "wrong-horse");
    await person.sees("That did not work");
    assert.match(await person.text(), /refused the device/);
    // It comes with the cookie of the session before.
    await person.page.reload();
    await person.type(POP, "abcd1234");
    await person.click("The device that shows this page");
    await chooses(person, /^Home/, "correct-horse");
    await person.sees("The device is online");
    person.isClean();
  })));

test("a device that vanishes is said to be lost", () =>
  withBrowser(async (browser) => {
    const device = await simulate("--http", "127.0.0.1:0", "--page", PAGE, "--scenario", "zero");
    const person = await Person.at(browser, device.address, PHONE);
    await person.type(POP, "abcd1234");
    await person.click("The device that shows this page");
    await person.sees("Choose its network");
    await device.stop();
    await person.click("Look again");
    await person.sees("That did not work");
    assert.match(await person.text(), /The link failed/);
  }));

test("stock behaviour without --page", async () => {
  const device = await simulate("--http", "127.0.0.1:0", "--scenario", "zero");
  try {
    assert.equal((await fetch(device.address)).status, 404);
  } finally {
    await device.stop();
  }
});

test("the simulated device in the page, by keyboard alone", () =>
  withServer((origin) => withBrowser(async (browser) => {
    const person = await Person.at(browser, `${origin}/page.html`, DESKTOP);
    const { keyboard } = person.page;
    await person.button(/^A simulated device/).waitHandle();
    /** The tabulator, until this is where the focus is. */
    const to = async (name) => {
      for (let presses = 0; presses < 40; presses++) {
        await keyboard.press("Tab");
        const focused = await person.page.evaluate(() => document.activeElement?.innerText || document.activeElement?.id || "");
        if (focused.startsWith(name)) return;
      }
      assert.fail(`the keyboard does not reach ${name}`);
    };
    await keyboard.press("Tab");
    await keyboard.type("abcd1234");
    await to("A simulated device");
    await keyboard.press("Enter");
    await person.sees("Choose its network");
    await to("Home");
    await keyboard.press("Enter");
    await person.page.waitForSelector("input[type=password]");
    await keyboard.type("correct-horse");
    await keyboard.press("Enter");
    await person.sees(/^The device is online/);
    await to("Another device");
    await keyboard.press("Enter");
    await person.sees("Give a device its network");
    person.isClean();
  })));

test("the code on the device is read, and one of something else is named", () =>
  withServer((origin) => withBrowser(async (browser) => {
    const person = await Person.at(browser, `${origin}/page.html`, PHONE);
    await person.opens("I have the code of the device");
    assert.match(await person.text(), /reads no QR codes/);
    await person.type("Text of the code", "WIFI:S:Home;;");
    await person.page.waitForFunction(() => document.body.innerText.includes("the code of a Wi-Fi network"));
    await person.type("Text of the code", '{"ver":"v1","name":"PROV_1A2B","pop":"abcd1234","transport":"ble"}');
    await person.page.waitForFunction(() => document.body.innerText.includes("The code is of PROV_1A2B"));
    await person.button(/^A simulated device/).click();
    await person.sees("Choose its network");
    person.isClean();
  })));

test("a device that offers less than its code says is trusted with nothing", () =>
  withDevice((address) => withBrowser(async (browser) => {
    const person = await Person.at(browser, address, PHONE);
    await person.opens("I have the code of the device");
    await person.type("Text of the code", '{"ver":"v1","name":"PROV_1A2B","pop":"abcd1234","transport":"softap","security":"2"}');
    await person.page.waitForFunction(() => document.body.innerText.includes("The code is of PROV_1A2B"));
    await person.click("The device that shows this page");
    await person.sees("That did not work");
    assert.match(await person.text(), /security 1/);
    // It goes on counting, and is there to be seen; when its text is gone, it counts no more.
    await person.click("Try again");
    await person.page.waitForFunction(() => document.body.innerText.includes("The code is of PROV_1A2B"));
    await person.clear("Text of the code");
    await person.click("The device that shows this page");
    await person.sees("Choose its network");
    person.isClean();
  }), "--security", "1"));

test("a device for Thread is said to be one", () =>
  withDevice((address) => withBrowser(async (browser) => {
    const person = await Person.at(browser, address, PHONE);
    await person.type(POP, "abcd1234");
    await person.click("The device that shows this page");
    await person.sees("That did not work");
    assert.match(await person.text(), /takes no Wi-Fi network/);
    person.isClean();
  }), "--network", "thread"));

test("no secure context: the page says what to do, and offers what works", () =>
  withServer((origin) => withBrowser(async (browser) => {
    const person = await Person.at(browser, `http://${INSECURE}:${new URL(origin).port}/page.html`, PHONE);
    await person.button(/^A simulated device/).waitHandle();
    assert.match(await person.text(), /Bluetooth and Serial ports: not offered[^]*over https/);
    await person.type(POP, "abcd1234");
    await person.button(/^A simulated device/).click();
    await person.sees("Choose its network");
    person.isClean();
  })));

test("served as devices do, over plain HTTP: no secure context, and all of it works", () =>
  withDevice((address) => withBrowser(async (browser) => {
    const person = await Person.at(browser, `http://${INSECURE}:${new URL(address).port}/`, PHONE);
    assert.equal(await person.page.evaluate(() => isSecureContext), false);
    await person.type(POP, "abcd1234");
    await person.click("The device that shows this page");
    await chooses(person, /^Home/, "correct-horse");
    await person.sees("The device is online");
    person.isClean();
  })));
