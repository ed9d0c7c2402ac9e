// A Bluetooth peripheral in front of the browser: emulated radio and GATT table, answered by the real device half behind it
// (`espprov simulate`).
import { NodeHttp } from "../../examples/node-http.mjs";

export const SERVICE = "1775244d-6b43-439b-877c-060f2d9bed07";
const ADDRESS = "09:09:09:09:09:09";
const DESCRIPTION = "00002901-0000-1000-8000-00805f9b34fb";
const NUMBERS = { "prov-ctrl": "ff4f", "prov-scan": "ff50", "prov-session": "ff51", "prov-config": "ff52", "proto-ver": "ff53" };
/** What devices answer to what they refuse, and what a radio says of one that is not there. */
const UNLIKELY = 0x0e;
const NOT_THERE = 0x3e;

const base64 = (bytes) => Buffer.from(bytes).toString("base64");

export class Peripheral {
  /** Requests so far, by endpoint. */
  requests = [];
  /** The longest value either way. */
  longest = 0;
  /** Out of reach from now on. */
  gone = false;
  #values = new Map();
  #names = new Map();

  /** `host` serves the device half; `options` are how the firmware differs. */
  static async at(browser, host, options = {}) {
    const peripheral = new Peripheral();
    await peripheral.#begin(await browser.target().createCDPSession(), host, options);
    return peripheral;
  }

  async #begin(session, host, { service = SERVICE, described = true, hangsUp = false, before = async () => {} }) {
    this.session = session;
    this.service = service;
    this.described = described;
    this.device = new NodeHttp(host);
    await this.#send("enable", { state: "powered-on", leSupported: true });
    await this.#send("simulatePreconnectedPeripheral", {
      address: ADDRESS, name: "PROV_TEST", manufacturerData: [], knownServiceUuids: [service],
    });
    await this.#attributes();
    this.#on("gattOperationReceived", async ({ address, type }) => {
      // The device forgets the session with the connection.
      if (type === "connect" && !this.gone) this.device.reconnect(true);
      await this.#send("simulateGATTOperationResponse", { address, type, code: this.gone ? NOT_THERE : 0 });
    });
    this.#on("descriptorOperationReceived", ({ descriptorId, type }) =>
      this.#send("simulateDescriptorOperationResponse", { descriptorId, type, code: 0, data: base64(this.#names.get(descriptorId)) }));
    this.#on("characteristicOperationReceived", async ({ characteristicId, type, data }) => {
      const name = this.#names.get(characteristicId);
      let [code, leaves] = [0, undefined];
      if (type === "write") {
        const request = Buffer.from(data, "base64");
        this.longest = Math.max(this.longest, request.length);
        this.requests.push(name);
        try {
          leaves = await before(name, this);
          if (leaves === "silent") return;
          const reply = await this.device.exchange(name, request, { sent() {} });
          this.longest = Math.max(this.longest, reply.length);
          this.#values.set(characteristicId, reply);
        } catch (error) {
          code = UNLIKELY;
          if (hangsUp) leaves = "for a moment";
          if (error.fault === "lost") leaves = "for good";
        }
      }
      const value = type === "read" ? { data: base64(this.#values.get(characteristicId) ?? []) } : {};
      await this.#send("simulateCharacteristicOperationResponse", { characteristicId, type, code, ...value });
      if (leaves) await this.vanish(leaves === "for good");
    });
  }

  /** Whoever is at the page chooses this device from the browser's list, or closes the list. */
  async isChosen(page, chosen = true) {
    const session = await page.createCDPSession();
    await session.send("DeviceAccess.enable");
    let answered;
    session.on("DeviceAccess.deviceRequestPrompted", ({ id, devices }) => {
      if (answered === id) return;
      if (!chosen) {
        answered = id;
        void session.send("DeviceAccess.cancelPrompt", { id });
      } else if (devices.some((device) => device.id === ADDRESS)) {
        answered = id;
        void session.send("DeviceAccess.selectPrompt", { id, deviceId: ADDRESS });
      }
    });
  }

  /** Hangs up; out of reach afterwards, or back at once. */
  async vanish(forGood = true) {
    this.gone = forGood;
    await this.#send("simulateGATTDisconnection", { address: ADDRESS }).catch(() => undefined);
    // The emulated radio forgets the table with the connection.
    if (!forGood) await this.#attributes();
  }

  async #attributes() {
    const { serviceId } = await this.#send("addService", { address: ADDRESS, serviceUuid: this.service });
    for (const [name, number] of Object.entries(NUMBERS)) {
      const characteristicUuid = this.service.slice(0, 4) + number + this.service.slice(8);
      const { characteristicId } = await this.#send("addCharacteristic", {
        serviceId, characteristicUuid, properties: { read: true, write: true },
      });
      this.#names.set(characteristicId, name);
      if (!this.described) continue;
      const { descriptorId } = await this.#send("addDescriptor", { characteristicId, descriptorUuid: DESCRIPTION });
      this.#names.set(descriptorId, name);
    }
  }

  #send(method, parameters) {
    return this.session.send(`BluetoothEmulation.${method}`, parameters);
  }

  /** What the browser no longer wants to hear is not the test's fault. */
  #on(event, heard) {
    this.session.on(`BluetoothEmulation.${event}`, (parameters) => {
      Promise.resolve(heard(parameters)).catch(() => undefined);
    });
  }
}
