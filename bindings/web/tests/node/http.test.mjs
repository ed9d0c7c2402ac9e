// The example for Node.js against `espprov simulate --http`: sockets, a cookie, and a device that refuses by hanging up.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { connect } from "espprov";
import { NodeHttp } from "../../examples/node-http.mjs";
import { simulate } from "../simulate.mjs";

const host = (address) => new URL(address).host;

for (const security of ["0", "1", "2"]) {
  test(`security ${security} over node:http`, async () => {
    const server = await simulate("--http", "127.0.0.1:0", "--scenario", "zero", "--security", security);
    try {
      const options = security === "0" ? { allowPlaintext: true } : { pop: "abcd1234" };
      const device = await connect(new NodeHttp(host(server.address)), options);
      assert.ok((await device.scan()).length > 0);
      assert.equal((await device.provision({ ssid: "Home", passphrase: "correct-horse" })).outcome, "connected");
      await device.close();
    } finally {
      await server.stop();
    }
  });
}

test("a wrong PoP, a device that is not there, one that goes away", async () => {
  const server = await simulate("--http", "127.0.0.1:0", "--scenario", "zero", "--security", "1");
  const wrong = await connect(new NodeHttp(host(server.address)), { pop: "wrong" });
  await assert.rejects(wrong.scan(), { code: "wrong_pop" });
  await wrong.close();
  const device = await connect(new NodeHttp(host(server.address)), { pop: "abcd1234" });
  assert.equal(await device.authenticate(), 1);
  await server.stop();
  await assert.rejects(device.scan(), { code: "link_lost" });
  await assert.rejects(device.status(), { code: "link_lost" });
  await device.close();
});

test("the example, as it is typed, and Node.js ends by itself", async () => {
  const server = await simulate("--http", "127.0.0.1:0", "--scenario", "zero");
  try {
    const example = new URL("../../examples/node-http.mjs", import.meta.url).pathname;
    const { stdout } = await promisify(execFile)(process.execPath, [
      example, host(server.address), "abcd1234", "Home", "correct-horse",
      // A timer that was left behind would keep it for two minutes.
    ], { timeout: 90_000 });
    assert.match(stdout, /^config_applied$/m);
    assert.match(stdout, /^connected \d+\.\d+/m);
  } finally {
    await server.stop();
  }
});
