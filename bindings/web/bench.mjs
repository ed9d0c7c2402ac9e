// How long things take on this machine: the quickest of several, in milliseconds of processor time and of the clock. `node bench.mjs`
import { connect, simulator } from "espprov";

const RUNS = 12;

async function quickest(what, prepare, run) {
  let [clock, processor] = [Infinity, Infinity];
  for (let at = 0; at < RUNS; at++) {
    const device = await prepare();
    const [start, used] = [performance.now(), process.cpuUsage()];
    await run(device);
    const { user, system } = process.cpuUsage(used);
    clock = Math.min(clock, performance.now() - start);
    processor = Math.min(processor, (user + system) / 1000);
    await device.close();
  }
  console.log(`${what}: ${processor.toFixed(0)} ms of processor time, ${clock.toFixed(0)} ms`);
}

const open = async () => {
  const link = await simulator("zero");
  const device = await connect(link, { pop: link.pop });
  await device.info();
  return device;
};
await quickest("handshake of security 2, both sides", open, (device) => device.authenticate());
await quickest("provision, both sides", open, (device) => device.provision({ ssid: "Home", passphrase: "correct-horse" }));
