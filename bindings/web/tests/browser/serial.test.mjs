// Web Serial in Chromium: a real port of the browser's, with a pseudo-terminal behind it and the console of `espprov simulate` at the other
// end. The browser's list of ports is all that is not there: without a screen nobody can choose from it, so a policy grants the port.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Person, program, withBrowser, withServer } from "./browser.mjs";

const POP = "Proof of possession (PoP) or password";
/** Where browsers find a port on every computer; in the browser's own view of the file system it is the pseudo-terminal. */
const PORT = "/dev/ttyS0";
const CABLE = fileURLToPath(new URL("cable.py", import.meta.url));

/** A device on a cable: `path` is its end of it. */
async function plugIn(...args) {
  const cable = spawn("python3", [CABLE, process.env.ESPPROV ?? "espprov", "simulate", "--console", "--scenario", "zero", ...args], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const ended = new Promise((resolve) => cable.once("exit", resolve));
  const unplug = async () => {
    cable.kill("SIGTERM");
    await ended;
  };
  for await (const path of createInterface({ input: cable.stdout })) return { path, unplug };
  throw new Error("the cable ended before it had a port");
}

/** A browser whose view of the file system has the port, what udev knows of it, and the policy that grants it. */
function launcher(folder, path, origin) {
  assert.ok(existsSync(PORT), `no ${PORT}: this needs a computer with a port of that name, and Linux`);
  const file = join(folder, "browser");
  const alone = process.getuid() === 0 ? "--mount" : "--map-root-user --mount";
  writeFileSync(file, `#!/bin/sh
exec unshare ${alone} sh -e -c '
mount --make-rprivate /
mount --bind ${path} ${PORT}
mkdir -p /run/udev && mount -t tmpfs none /run/udev && mkdir /run/udev/data && touch /run/udev/control
echo I:1 > /run/udev/data/c4:64
mount -t tmpfs none /etc/chromium && mkdir -p /etc/chromium/policies/managed
echo "{\\"SerialAllowAllPortsForUrls\\":[\\"${origin}\\"]}" > /etc/chromium/policies/managed/serial.json
exec ${program("chrome")} "$@"' browser "$@"
`, { mode: 0o755 });
  return file;
}

async function withDevice(use, ...args) {
  const folder = mkdtempSync(join(tmpdir(), "espprov-web-"));
  const device = await plugIn(...args);
  try {
    await withServer((origin) => withBrowser(async (browser) => {
      const person = await Person.at(browser, "about:blank", { width: 360, height: 740 });
      // What the person chooses.
      await person.page.evaluateOnNewDocument(() => {
        navigator.serial.requestPort = async () => (await navigator.serial.getPorts())[0] ?? Promise.reject(new Error("no port"));
      });
      await person.page.goto(`${origin}/page.html`);
      await use(person, device);
      person.isClean();
    }, { executable: launcher(folder, device.path, origin) }));
  } finally {
    await device.unplug();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function connects(person) {
  await person.type(POP, "abcd1234");
  await person.button(/^USB or serial port/).click();
}

async function joins(person) {
  await person.joins();
  await person.sees("The device is online");
}

test("a device that boots when its port is opened, and then online", () =>
  withDevice(async (person) => {
    await connects(person);
    await joins(person);
  }, "--security", "1"));

test("security 2 takes lines that stock firmware does not read: it says so, and works where firmware does", () =>
  withDevice(async (person) => {
    await connects(person);
    await person.sees("That did not work");
    assert.match(await person.text(), /longer lines, say .*without a limit/);
    await person.click("Try again");
    await person.tick("The serial console reads lines without a limit");
    await person.button(/^USB or serial port/).click();
    await joins(person);
    // What was said of this device is not said of the next.
    await person.click("Another device");
    await person.opens("More");
    assert.equal(await person.isTicked("The serial console reads lines without a limit"), false);
  }, "--security", "2", "--line-limit", "0"));

test("a port that is unplugged is lost, and gone when it is tried again", () =>
  withDevice(async (person, device) => {
    await connects(person);
    await person.sees("Choose its network");
    await device.unplug();
    await person.click("Look again");
    await person.sees("That did not work");
    assert.match(await person.text(), /serial port|link failed/);
    assert.match(await person.text(), /cable/);
    await person.click("Try again");
    await person.sees("That did not work");
  }, "--security", "1"));
