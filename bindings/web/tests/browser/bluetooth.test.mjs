// Web Bluetooth in Chromium, over an emulated radio to the real device half.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { simulate } from "../simulate.mjs";
import { Person, dist, withBrowser, withServer } from "./browser.mjs";
import { Peripheral } from "./peripheral.mjs";

const POP = "Proof of possession (PoP) or password";
const folder = mkdtempSync(join(tmpdir(), "espprov-web-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Sixteen networks, and a device that is quick, or tries for ever. */
function world({ connect = 0 } = {}) {
  const file = join(folder, `${connect}.toml`);
  const networks = Array.from({ length: 16 }, (_, at) =>
    `[[network]]\nssid = "${at === 0 ? "Home" : `Net ${at}`}"\nchannel = ${1 + (at % 11)}\nrssi = ${-40 - at}\nauth = "wpa2"\npassphrase = "correct-horse"\n`);
  writeFileSync(file, `seed = 5\n[device]\nstop_after_ms = 0\nauto_stop = false\n[delays]\nscan_ms = 0\nconnect_ms = ${connect}\nauth_fail_ms = 0\n${networks.join("")}`);
  return file;
}

/** A person at the page, a device in reach. */
async function withDevice(use, { scenario = world(), args = [], peripheral = {}, page = "page.html" } = {}) {
  const device = await simulate("--http", "127.0.0.1:0", "--scenario", scenario, ...args);
  try {
    await withServer((origin) => withBrowser(async (browser) => {
      const radio = await Peripheral.at(browser, new URL(device.address).host, peripheral);
      const person = await Person.at(browser, `${origin}/${page}`, { width: 360, height: 740 });
      await use(person, radio);
      person.isClean();
    }));
  } finally {
    await device.stop();
  }
}

async function connects(person, radio, pop = "abcd1234") {
  await radio.isChosen(person.page);
  if (pop !== undefined) await person.type(POP, pop);
  await person.click("Bluetooth");
}

for (const [name, args] of [
  ["security 1", ["--security", "1"]],
  ["security 2, patch 0", ["--security", "2", "--patch", "0"]],
  ["security 2, patch 1", ["--security", "2", "--patch", "1"]],
]) {
  test(`${name}: sixteen networks, then online`, () =>
    withDevice(async (person, radio) => {
      await connects(person, radio);
      await person.sees("Choose its network");
      const listed = await person.page.$$eval(".network", (found) => found.map((one) => one.firstChild.textContent));
      assert.deepEqual(listed, ["Home", ...Array.from({ length: 15 }, (_, at) => `Net ${at + 1}`)]);
      await person.joins();
      await person.sees("The device is online");
      // Far more than the 20 bytes of one packet.
      assert.ok(radio.longest > 100, String(radio.longest));
    }, { args }));
}

test("security 0, once the person has allowed it", () =>
  withDevice(async (person, radio) => {
    await person.opens("More");
    await person.tick("Allow a device without encryption");
    await connects(person, radio, undefined);
    await person.joins();
    await person.sees("The device is online");
  }, { args: ["--security", "0"] }));

for (const hangsUp of [false, true]) {
  test(`a wrong PoP, to a device that ${hangsUp ? "hangs up" : "stays connected"}; then the right one`, () =>
    withDevice(async (person, radio) => {
      await connects(person, radio, "wrong");
      await person.sees("That did not work");
      assert.match(await person.text(), /Wrong proof of possession/);
      // The emulated radio does not list a device again that has hung up.
      if (hangsUp) return;
      await person.click("Try again");
      await person.type(POP, "abcd1234");
      await person.click("Bluetooth");
      await person.sees("Choose its network");
    }, { args: ["--security", "1"], peripheral: { hangsUp } }));
}

test("a wrong passphrase, then the right one", () =>
  withDevice(async (person, radio) => {
    await connects(person, radio);
    await person.joins("wrong-horse");
    await person.sees("That did not work");
    assert.match(await person.text(), /refused the device/);
    await person.click("Try again");
    await person.joins();
    await person.sees("The device is online");
  }));

for (const [name, how, heading] of [
  ["whose last question went out is most likely online", "for good", "The device is most likely online"],
  // Nobody knows whether it heard the question.
  ["that never took the question may be", "silent", "The device may be online"],
]) {
  test(`a device that leaves while it joins, and ${name}`, () => {
    let looks = 0;
    // It gets the network, is told to join, says that it is trying; then it is gone.
    const before = async (endpoint, radio) => {
      if (endpoint !== "prov-config" || ++looks < 4) return undefined;
      radio.gone = true;
      return how;
    };
    return withDevice(async (person, radio) => {
      await connects(person, radio);
      await person.joins();
      await person.sees(heading);
    }, { scenario: world({ connect: 3_600_000 }), peripheral: { before } });
  });
}

test("a device that vanishes before it was given anything is lost", () =>
  withDevice(async (person, radio) => {
    await connects(person, radio);
    await person.sees("Choose its network");
    await radio.vanish();
    await person.click("Look again");
    await person.sees("That did not work");
    assert.match(await person.text(), /(link failed|cannot be connected to)/);
  }));

test("a device that hangs up and comes back is connected to again", () =>
  withDevice(async (person, radio) => {
    await connects(person, radio);
    await person.sees("Choose its network");
    await radio.vanish(false);
    await person.click("Look again");
    await person.sees("That did not work");
    await person.click("Try again");
    await person.sees("Choose its network");
  }));

test("the list of devices is closed without a choice", () =>
  withDevice(async (person, radio) => {
    await radio.isChosen(person.page, false);
    await person.click("Bluetooth");
    await person.sees("That did not work");
    assert.match(await person.text(), /No device was chosen/);
    await person.click("Try again");
    await person.sees("Give a device its network");
  }));

test("characteristics without a description are told by their numbers", () =>
  withDevice(async (person, radio) => {
    await connects(person, radio);
    await person.sees("Choose its network");
    assert.ok(radio.requests.includes("prov-session"));
  }, { peripheral: { described: false } }));

test("<espprov-button> finds a service of the firmware's own", async () => {
  const service = "0000abcd-1212-efde-1523-785feabcd123";
  const file = join(dist, "own-service.html");
  writeFileSync(file, `<!doctype html><html lang="en"><title>own</title><script type="module" src="./button.js"></script><main>
    <h1>A lamp</h1><espprov-button service="${service}" pop="abcd1234"></espprov-button><p id="states"></p></main>
    <script type="module">document.querySelector("espprov-button").addEventListener("state-changed", ({ detail }) => {
      document.querySelector("#states").textContent += detail.state + (detail.result?.ssid ?? "") + " " });</script>`);
  try {
    await withDevice(async (person, radio) => {
      await radio.isChosen(person.page);
      await person.click("Give a device its network");
      await person.click("Bluetooth");
      await person.page.locator(">>> .network").click();
      await person.page.locator(">>> input[type=password]").fill("correct-horse");
      await person.click("Give the device this network");
      await person.page.waitForFunction(() => document.querySelector("#states").textContent.includes("finished"));
      const states = await person.page.$eval("#states", (place) => place.textContent.trim());
      assert.equal(states, "start connecting networks passphrase provisioning finishedHome");
    }, { peripheral: { service }, page: "own-service.html" });
  } finally {
    rmSync(file);
  }
});
