// Every call, over the simulated device in this process and over links written in JavaScript.
import assert from "node:assert/strict";
import { test } from "node:test";
import { EspprovError, LinkError, connect, readSetupCode, simulator } from "espprov";

const NETWORK = { ssid: "Home", passphrase: "correct-horse" };

const scenario = (device, security, rest = "") => `
seed = 7
[device]
name = "PROV_TEST"
link = "ideal"
${device}
[security]
${security}
[delays]
scan_ms = 0
connect_ms = 0
[[network]]
ssid = "Home"
channel = 6
rssi = -41
auth = "wpa2"
passphrase = "correct-horse"
${rest}
`;

async function open(text = "zero", options = {}) {
  const link = await simulator(text);
  return { link, device: await connect(link, { pop: link.pop, ...options }) };
}

/** The error that a promise ends with. */
async function failure(promise) {
  const error = await promise.then(
    (value) => assert.fail(`it did not fail: ${JSON.stringify(value)}`),
    (error) => error,
  );
  assert.ok(error instanceof EspprovError, String(error));
  assert.ok(error.message && error.help, "it says what happened, and what to do");
  return error;
}

test("what a device says about itself needs no credentials", async () => {
  const { device } = await open("zero", { pop: undefined });
  const info = await device.info();
  assert.equal(info.security, 2);
  assert.ok(info.capabilities.includes("wifi_scan"));
});

for (const [name, security, number] of [
  ["security 0", 'scheme = 0', undefined],
  ["security 1", 'scheme = 1\npop = "abcd1234"', 1],
  ["security 2, patch 0", 'scheme = 2\npatch = 0\nusername = "wifiprov"\npassword = "abcd1234"', 2],
  ["security 2, patch 1", 'scheme = 2\npatch = 1\nusername = "wifiprov"\npassword = "abcd1234"', 2],
]) {
  test(`from scan to online with ${name}`, async () => {
    const options = number === undefined ? { pop: undefined, allowPlaintext: true } : {};
    const { device } = await open(scenario("", security), options);
    const events = [];
    const onEvent = (event) => events.push(event);
    const networks = await device.scan({ onEvent });
    assert.deepEqual(networks.map(({ ssid }) => ssid), ["Home"]);
    assert.equal(new TextDecoder().decode(networks[0].ssidBytes), "Home");
    assert.equal(networks[0].private, true);
    const joined = await device.provision(NETWORK, { onEvent });
    assert.equal(joined.outcome, "connected");
    assert.equal(joined.ssid, "Home");
    assert.match(joined.ip, /^\d+\.\d+\.\d+\.\d+$/);
    const names = events.map((event) => event.name);
    for (const wanted of ["info", "session", "config_sent", "config_applied"]) assert.ok(names.includes(wanted), wanted);
    assert.equal(events.find((event) => event.name === "session").security, number ?? 0);
    await device.close();
  });
}

test("a wrong PoP is not a lost link", async () => {
  const { device } = await open(scenario("", 'scheme = 1\npop = "abcd1234"'), { pop: "wrong" });
  const error = await failure(device.authenticate());
  assert.equal(error.code, "wrong_pop");
  assert.equal(error.kind, "credentials");
});

test("a program hears of options, a page of fields", async () => {
  for (const [words, wanted] of [["program", "the option pop"], ["page", "the PoP"]]) {
    const { device } = await open(scenario("", 'scheme = 1\npop = "abcd1234"'), { pop: "wrong", words });
    const { help } = await failure(device.authenticate());
    assert.ok(help.includes(wanted), help);
    assert.ok(!/--|espprov /.test(help), help);
  }
});

test("a wrong passphrase, then the right one", async () => {
  const { device } = await open();
  const error = await failure(device.provision({ ...NETWORK, passphrase: "wrong-horse" }));
  assert.equal(error.code, "auth_error");
  assert.equal(error.kind, "auth_failed");
  assert.equal((await device.provision(NETWORK)).outcome, "connected");
});

test("values that Wi-Fi does not allow are not sent", async () => {
  const { device } = await open();
  assert.equal((await failure(device.provision({ ssid: "", passphrase: "correct-horse" }))).code, "invalid_ssid");
  assert.equal((await failure(device.provision({ ssid: "Home", passphrase: "short" }))).code, "invalid_passphrase");
  assert.equal((await failure(device.send("", "x"))).code, "invalid_endpoint");
  assert.equal((await failure(device.send("echo", ""))).code, "empty_request");
});

test("credentials that no firmware takes", async () => {
  const link = await simulator("zero");
  for (const name of ["pop", "username", "password"]) {
    const error = await failure(connect(link, { pop: link.pop, [name]: "x".repeat(129) }));
    assert.equal(error.code, "too_long", name);
    assert.ok(!JSON.stringify(error).includes("xxx"));
  }
});

test("a device without encryption is not trusted unasked", async () => {
  const { device } = await open(scenario("", "scheme = 0"), { pop: undefined });
  assert.equal((await failure(device.provision(NETWORK))).code, "plaintext_not_allowed");
});

test("application data, whole, in pieces and without a session", async () => {
  const { device } = await open();
  const data = new Uint8Array(600).map((_, at) => at % 251);
  assert.deepEqual(await device.send("echo", data), data);
  assert.deepEqual(await device.send("echo", data, { chunk: 100 }), data);
  const version = new TextDecoder().decode(await device.send("proto-ver", "-", { raw: true }));
  assert.ok(JSON.parse(version).prov);
  assert.equal((await failure(device.send("nothing-there", "x"))).code, "no_such_endpoint");
});

test("state, reset and another network", async () => {
  const { device } = await open();
  // Firmware of this generation calls a device that waits "connecting".
  assert.equal((await device.status()).state, "connecting");
  await failure(device.provision({ ...NETWORK, passphrase: "wrong-horse" }));
  assert.deepEqual(await device.status(), { state: "failed", reason: "auth_error" });
  await device.reset();
  assert.equal((await device.provision(NETWORK)).outcome, "connected");
  const { state, ssid, ip } = await device.status();
  assert.deepEqual({ state, ssid, ip }, { state: "connected", ssid: "Home", ip: "192.168.1.57" });
  await device.reprov();
  assert.equal((await device.provision({ ssid: "Guests" })).outcome, "connected");
});

test("a Thread device", async () => {
  const { device } = await open(
    `seed = 1\n[device]\nnetwork = "thread"\nlink = "ideal"\n[security]\nscheme = 1\npop = "abcd1234"\n
    [[thread_network]]\nname = "Field"\npan_id = 0x51de\next_pan_id = "1111222233334444"\nchannel = 15\nrssi = -48\nlqi = 207
    network_key = "00112233445566778899aabbccddeeff"\n`,
  );
  assert.ok((await device.info()).capabilities.includes("thread_prov"));
  assert.equal((await failure(device.provision(NETWORK))).code, "no_wifi");
  assert.equal((await failure(device.scan())).code, "no_wifi");
  assert.equal((await device.threadStatus()).state, "connecting");
  assert.equal((await failure(device.provisionThread("not a dataset"))).code, "dataset_invalid");
  assert.deepEqual(await device.scanThread(), [
    { name: "Field", panId: 0x51de, extPanId: "1111222233334444", channel: 15, rssi: -48, lqi: 207 },
  ]);
  // Channel, PAN ID, extended PAN ID and network key, as TLVs.
  const dataset = "000300000f" + "010251de" + "02081111222233334444" + "051000112233445566778899aabbccddeeff";
  const joined = { networkName: "Field", panId: 0x51de, channel: 15 };
  assert.deepEqual(await device.provisionThread(dataset), { outcome: "connected", ...joined });
  assert.deepEqual(await device.threadStatus(), { state: "connected", ...joined });
});

test("no Thread on a device for Wi-Fi", async () => {
  const { device } = await open();
  assert.equal((await failure(device.scanThread())).code, "no_thread");
  assert.equal((await failure(device.provisionThread("010251de"))).code, "no_thread");
});

test("setup codes", async () => {
  const text = '{"ver":"v1","name":"PROV_1A2B","username":"wifiprov","pop":"abcd1234","transport":"ble","security":"2"}';
  const code = await readSetupCode(`https://espressif.github.io/esp-jumpstart/qrcode.html?data=${encodeURIComponent(text)}`);
  assert.equal(code.name, "PROV_1A2B");
  assert.equal(code.pop, "abcd1234");
  assert.equal((await failure(readSetupCode("WIFI:S:Home;;"))).code, "invalid_payload");
  const { device } = await open("zero", { pop: undefined, setupCode: text });
  assert.equal(await device.authenticate(), 2);
  assert.equal((await failure(connect(await simulator("zero"), { setupCode: "{" }))).code, "invalid_payload");
});

test("calls come one after the other", async () => {
  const { device } = await open();
  const [info, networks, status] = await Promise.all([device.info(), device.scan(), device.status()]);
  assert.equal(info.security, 2);
  assert.equal(networks.length, 2);
  assert.equal(status.state, "connecting");
  // One that fails does not take the next along.
  const [refused, answer] = await Promise.allSettled([device.send("nothing-there", "x"), device.send("echo", "y")]);
  assert.equal(refused.reason.code, "no_such_endpoint");
  assert.deepEqual(answer.value, new TextEncoder().encode("y"));
  await device.close();
  await assert.rejects(device.info(), /closed/);
});

// Links of one's own, around that of the simulated device.

/** Does as `link`, but for what `exchange` does first. */
function around(link, exchange, more = {}) {
  return {
    exchange: async (endpoint, request, how) => (await exchange?.(endpoint, request, how)) || link.exchange(endpoint, request, how),
    reconnect: (fresh, how) => link.reconnect(fresh, how),
    close: () => link.close(),
    ...more,
  };
}

test("a link names its fault", async () => {
  for (const [fault, details, code] of [
    ["refused", { linkAlive: true }, "refused"],
    ["refused", { linkAlive: false }, "refused"],
    ["no_such_endpoint", {}, "no_such_endpoint"],
    ["lost", {}, "link_lost"],
    ["timed_out", { delivered: true }, "no_answer"],
  ]) {
    const link = await simulator("zero");
    const thrown = Object.assign(new Error("secret abcd1234"), { fault, ...details });
    const device = await connect(around(link, (endpoint) => endpoint === "prov-scan" && Promise.reject(thrown)), {
      pop: link.pop,
    });
    const error = await failure(device.scan());
    assert.equal(error.code, code);
    assert.equal(error.cause, thrown);
    assert.ok(!`${error.message}${error.likelyCause}${error.help}`.includes("abcd1234"), "a stranger's text is not repeated");
  }
});

test("a link that is alive after a refusal is not opened again, any other is", async () => {
  for (const [linkAlive, expected] of [[true, 0], [undefined, 0], [false, 1]]) {
    const link = await simulator(scenario("", 'scheme = 1\npop = "abcd1234"'));
    let refuses = true;
    let reconnects = 0;
    const thrown = Object.assign(new Error("no"), { fault: "refused", ...(linkAlive === undefined ? {} : { linkAlive }) });
    const device = await connect(
      {
        exchange: (endpoint, request, how) => {
          if (refuses && endpoint === "proto-ver") throw thrown;
          return link.exchange(endpoint, request, how);
        },
        reconnect: (fresh, how) => (reconnects++, link.reconnect(fresh, how)),
      },
      { pop: link.pop },
    );
    await failure(device.info());
    refuses = false;
    await device.info();
    assert.equal(reconnects, expected, `linkAlive: ${linkAlive}`);
  }
});

test("a refusal in the handshake is a wrong PoP, a loss is not", async () => {
  for (const [fault, code] of [["refused", "wrong_password"], ["lost", "link_lost"]]) {
    const link = await simulator("zero");
    let messages = 0;
    const second = (endpoint) =>
      endpoint === "prov-session" && ++messages >= 2 && Promise.reject(new LinkError(fault, "as the test wants it"));
    const device = await connect(around(link, second), { pop: link.pop });
    assert.equal((await failure(device.authenticate())).code, code);
  }
});

test("a request that went out and has no answer is evidence only if the link says so", async () => {
  const give = async (details, ask = () => undefined) => {
    const link = await simulator(
      scenario("", 'scheme = 1\npop = "abcd1234"').replace("connect_ms = 0", "connect_ms = 3600000"),
    );
    let away = false;
    const lost = () => {
      throw Object.assign(new Error("gone"), details);
    };
    const device = await connect(
      {
        // A device that cannot be connected to over Bluetooth for three seconds is gone; elsewhere that takes twelve.
        kind: "ble",
        exchange: (endpoint, request, how) => (away ? (ask(how) ?? lost()) : link.exchange(endpoint, request, how)),
        reconnect: lost,
      },
      { pop: link.pop },
    );
    // Once it has said that it is trying.
    const onEvent = ({ name }) => {
      away ||= name === "connecting";
    };
    return device.provision(NETWORK, { onEvent, deadlineMs: 30_000 });
  };
  const silent = () => new Promise(() => {});
  const [delivered, sent, ...others] = await Promise.allSettled([
    give({ fault: "lost", delivered: true }),
    give({}, (how) => (how.sent(), silent())),
    give({ fault: "lost", delivered: false }),
    give({ fault: "lost" }),
    give({}),
    give({}, silent),
  ]);
  assert.equal(delivered.value?.outcome, "likely_connected");
  assert.equal(sent.value?.outcome, "likely_connected");
  for (const other of others) assert.notEqual(other.value?.outcome, "likely_connected");
});

test("a call leaves no timer behind, which would keep Node.js from ending", async () => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  const { device } = await open();
  const before = timers();
  await device.scan();
  await failure(device.send("nothing-there", "x"));
  await device.close();
  assert.equal(timers(), before);
});

test("what is no reply", async () => {
  const device = await connect({ exchange: () => "text" }, { pop: "x" });
  const error = await failure(device.info());
  assert.equal(error.code, "link_lost");
  assert.ok(error.cause instanceof TypeError);
  await assert.rejects(connect({}), TypeError);
  const big = await connect({ exchange: () => new Uint8Array(20_000) }, { pop: "x" });
  assert.equal((await failure(big.info())).code, "reply_too_large");
});

test("limits of a link are kept", async () => {
  const link = await simulator("zero");
  let longest = 0;
  const limits = { maxRequest: 450 };
  const measured = around(link, (_, request) => void (longest = Math.max(longest, request.length)), { limits });
  const device = await connect(measured, { pop: link.pop });
  assert.equal((await failure(device.send("echo", new Uint8Array(451)))).code, "request_too_large");
  assert.ok(longest > 0 && longest <= 450, String(longest));
});

test("an exchange without an answer ends at the deadline, and the next call opens the link again", async () => {
  const link = await simulator("zero");
  let hang = true;
  let aborted = 0;
  let reconnects = 0;
  const device = await connect(
    {
      exchange: (endpoint, request, how) => {
        if (!hang) return link.exchange(endpoint, request, how);
        how.signal.addEventListener("abort", () => aborted++);
        return new Promise(() => {});
      },
      reconnect: (fresh, how) => {
        reconnects++;
        return link.reconnect(fresh, how);
      },
    },
    { pop: link.pop },
  );
  assert.equal((await failure(device.info({ deadlineMs: 20 }))).code, "deadline");
  assert.equal(aborted, 1);
  hang = false;
  assert.equal((await device.scan()).length, 2);
  assert.ok(reconnects >= 1);
});

test("a call is given up by its signal, and the device can be asked again", async () => {
  const { device } = await open(scenario("", 'scheme = 1\npop = "abcd1234"').replace("scan_ms = 0", "scan_ms = 3600000"));
  await device.authenticate();
  const why = new Error("enough");
  const control = new AbortController();
  const scan = device.scan({ signal: control.signal });
  setTimeout(() => control.abort(why), 10);
  await assert.rejects(scan, (error) => error === why);
  await assert.rejects(device.info({ signal: AbortSignal.abort(why) }), (error) => error === why);
  assert.equal((await device.status()).state, "connecting");
  await device.close();
});

test("every part of a reply, cut and changed, is an error and never a trap", async () => {
  const link = await simulator("zero");
  const recorded = [];
  const listening = {
    exchange: async (endpoint, request, how) => {
      const reply = await link.exchange(endpoint, request, how);
      recorded.push(reply);
      return reply;
    },
    reconnect: (fresh, how) => link.reconnect(fresh, how),
  };
  const device = await connect(listening, { pop: link.pop });
  await device.scan();
  assert.ok(recorded.length >= 4);
  for (const reply of recorded) {
    for (let cut = 0; cut <= reply.length; cut += 1 + (reply.length >> 5)) {
      const broken = reply.slice(0, cut);
      if (cut > 0) broken[cut - 1] ^= 0x81;
      const other = await connect({ exchange: () => broken }, { pop: "x", deadlineMs: 5_000 });
      await failure(other.authenticate());
      await other.close();
    }
  }
});
