// `serial()` over a port like that of Web Serial, with the console of `espprov simulate --console` at the other end.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { Readable, Writable } from "node:stream";
import { test } from "node:test";
import { connect, serial } from "espprov";

/** A port with a device on it; what it prints before its prompt is its boot log. */
class Port {
  opened = 0;
  #arguments;

  constructor(...given) {
    this.#arguments = given;
  }

  async open({ baudRate }) {
    assert.equal(baudRate, 115_200);
    this.opened++;
    this.device = spawn(process.env.ESPPROV ?? "espprov", ["simulate", "--console", "--scenario", "zero", ...this.#arguments], {
      stdio: ["pipe", "pipe", "ignore"],
    });
    this.ended = new Promise((resolve) => this.device.once("exit", resolve));
    // A port that is gone breaks whatever is written to it.
    this.device.stdin.on("error", () => {});
    const log = new TextEncoder().encode("ets Jul 29 2019 12:21:46\r\nI (27) boot: ESP-IDF v5.2\r\n\u001b[0;32mI (312) main: ready\u001b[0m\r\n");
    const from = Readable.toWeb(this.device.stdout).getReader();
    this.readable = new ReadableStream({
      start: (controller) => controller.enqueue(log),
      pull: async (controller) => {
        const { value, done } = await from.read().catch(() => ({ done: true }));
        if (done) controller.close();
        else controller.enqueue(new Uint8Array(value));
      },
      cancel: () => from.cancel(),
    });
    this.writable = Writable.toWeb(this.device.stdin);
  }

  async close() {
    await this.unplug();
  }

  async unplug() {
    this.device.kill("SIGKILL");
    await this.ended;
  }
}

for (const [security, more, options] of [["1", [], {}], ["2", ["--line-limit", "0"], { lineLimit: 0 }]]) {
  test(`security ${security} over a serial port, a boot log before it`, async () => {
    const port = new Port("--security", security, ...more);
    const device = await connect(await serial({ port, ...options }), { pop: "abcd1234" });
    assert.ok((await device.scan()).length > 0);
    assert.equal((await device.provision({ ssid: "Home", passphrase: "correct-horse" })).outcome, "connected");
    await device.close();
    assert.equal(port.opened, 1);
  });
}

test("a wrong PoP over a serial port", async () => {
  const device = await connect(await serial({ port: new Port("--security", "1") }), { pop: "wrong" });
  await assert.rejects(device.authenticate(), { code: "wrong_pop" });
  await device.close();
});

test("lines of stock firmware are too short for security 2", async () => {
  const device = await connect(await serial({ port: new Port("--security", "2") }), { pop: "abcd1234" });
  await assert.rejects(device.authenticate(), { code: "request_too_large" });
  await device.close();
});

test("a port that is unplugged is lost, and one that is back is opened again", async () => {
  const port = new Port("--security", "1");
  const device = await connect(await serial({ port }), { pop: "abcd1234" });
  assert.equal(await device.authenticate(), 1);
  await port.unplug();
  await assert.rejects(device.scan(), { code: "link_lost" });
  assert.ok((await device.scan()).length > 0);
  assert.equal(port.opened, 2);
  await device.close();
});

test("no Web Serial: it says what has it", async () => {
  await assert.rejects(serial(), { code: "no_serial" });
});
