import { type BluetoothOptions, bluetooth, hasBluetooth } from "./bluetooth.js";
import { canScan, scanCode } from "./camera.js";
import { type ConnectOptions, type Device, connect } from "./device.js";
import { choice, el, field } from "./dom.js";
import { EspprovError } from "./errors.js";
import { http } from "./http.js";
import type { Link } from "./link.js";
import { hasSerial, serial } from "./serial.js";
import { readSetupCode } from "./setup.js";
import { simulator } from "./simulator.js";
import type { AccessPoint, Event as Happened, Provisioned, SetupCode } from "./values.js";

/** Where a person is in the dialog. */
export type State = "start" | "connecting" | "networks" | "passphrase" | "provisioning" | "finished" | "error";

/** What is offered, and what is known beforehand. */
export interface UiOptions {
  readonly bluetooth?: BluetoothOptions | undefined;
  readonly pop?: string | undefined;
  readonly username?: string | undefined;
  readonly security?: 0 | 1 | 2 | undefined;
  /** The device serves this page itself. */
  readonly served?: boolean | undefined;
  /** A simulated device is offered. */
  readonly simulator?: boolean | undefined;
  /** Heard whenever the person comes to another place. */
  readonly onState?: ((state: State, detail: Provisioned | EspprovError | undefined) => void) | undefined;
}

type Choice = "served" | "bluetooth" | "serial" | "simulator";

/** Errors whose help is a choice below "More". */
const ANSWERED_BELOW_MORE = new Set(["plaintext_not_allowed", "security_downgrade", "request_too_large"]);

/** The dialog of the page and of `<espprov-button>`: from the choice of a device to the network it is on. */
export class Ui {
  readonly #root: HTMLElement;
  readonly #status: HTMLElement;
  readonly #screen: HTMLElement;
  readonly #options: UiOptions;
  #device: Device | undefined;
  #networks: AccessPoint[] = [];
  /** The code of the device, and its text: what it says of security and user name is held to. */
  #code: (SetupCode & { readonly text: string }) | undefined;
  #pop: string;
  #plaintext = false;
  /** The console of the device's firmware reads lines of any length. */
  #longLines = false;
  /** The person was told to say something that is asked for below "More". */
  #more = false;
  /** Ends what the screen that is left had under way. */
  #leave = new AbortController();

  constructor(root: HTMLElement, options: UiOptions = {}) {
    this.#options = options;
    this.#pop = options.pop ?? "";
    // One that is always there: what a screen reader is to say of a change goes into it.
    this.#status = el("p", { class: "hidden", role: "status" });
    this.#screen = el("div");
    this.#root = root;
    root.classList.add("espprov");
    root.replaceChildren(this.#screen, this.#status);
    this.start();
  }

  /** Ends the link and whatever is under way. */
  async close(): Promise<void> {
    this.#leave.abort(new Error("left"));
    const device = this.#device;
    this.#device = undefined;
    await device?.close();
  }

  /** The first screen. */
  start(): void {
    void this.close();
    const signal = this.#show("start", "Give a device its network");
    const pop = el("input", {
      autocomplete: "off", autocapitalize: "off", spellcheck: "false",
      oninput: () => { this.#pop = pop.value; },
    });
    pop.value = this.#pop;
    const plaintext = el("input", { onchange: () => { this.#plaintext = plaintext.checked; } });
    plaintext.checked = this.#plaintext;
    const longLines = el("input", { onchange: () => { this.#longLines = longLines.checked; } });
    longLines.checked = this.#longLines;
    const said = el("p", { class: "muted", role: "status" });
    const known = () => {
      said.textContent = this.#code === undefined ? "" : `The code is of ${this.#code.name}. Choose how it is reached.`;
    };
    const read = async (from: string) => {
      try {
        const code = { ...(await readSetupCode(from)), text: from };
        // What is there now counts, and that may be another text.
        if (text.value !== from) return;
        this.#code = code;
        if (code.pop !== undefined) pop.value = this.#pop = code.pop;
        known();
      } catch (error) {
        if (text.value !== from) return;
        this.#code = undefined;
        said.textContent = error instanceof EspprovError ? `${error.message}: ${error.help}.` : String(error);
      }
    };
    const text = el("textarea", {
      autocomplete: "off", spellcheck: "false", oninput: () => {
        if (text.value.trim()) {
          void read(text.value);
        } else {
          // A code that is not to be seen must not count: it says what the device is and how it is protected.
          this.#code = undefined;
          known();
        }
      },
    });
    text.value = this.#code?.text ?? "";
    known();
    const camera = el("div", { class: "stack" });
    const links = this.#links();
    this.#screen.append(
      el("div", { class: "stack" },
        field("Proof of possession (PoP) or password", pop, "On the device's label. Leave it empty if there is none."),
        el("details", { open: this.#code !== undefined },
          el("summary", {}, "I have the code of the device"),
          el("div", { class: "stack" }, field("Text of the code", text), camera, said)),
        el("details", { open: this.#more },
          el("summary", {}, "More"),
          choice("Allow a device without encryption", plaintext),
          hasSerial() && choice("The serial console reads lines without a limit", longLines)),
        el("h2", {}, "How is the device reached?"),
        ...links));
    void canScan().then((can) => {
      if (signal.aborted) return;
      if (!can) {
        camera.append(el("p", { class: "muted" }, "This browser reads no QR codes: scan the code with another app, and paste its text here."));
        return;
      }
      const button = el("button", { type: "button", onclick: () => void scan() }, "Scan it with the camera");
      const video = el("video", { muted: true, playsinline: true, "aria-label": "What the camera sees" });
      const scan = async () => {
        button.replaceWith(video);
        try {
          text.value = await scanCode(video, signal);
          await read(text.value);
        } catch (error) {
          said.textContent = `The camera cannot be used: ${error instanceof Error ? error.message : String(error)}.`;
        }
        video.replaceWith(button);
      };
      camera.append(button);
    });
  }

  /** A button for each way there is, and a word on each that there is not. */
  #links(): HTMLElement[] {
    const button = (how: Choice, label: string, small: string, main = false) =>
      el("button", { type: "button", class: main ? "main" : "", onclick: () => void this.#connect(how) },
        label, !main && el("small", {}, small));
    const made: HTMLElement[] = [];
    const missing: string[] = [];
    if (this.#options.served) made.push(button("served", "The device that shows this page", "", true));
    if (hasBluetooth()) made.push(button("bluetooth", "Bluetooth", "The browser asks which device it is", made.length === 0));
    else missing.push("Bluetooth");
    if (hasSerial()) made.push(button("serial", "USB or serial port", "The browser asks which port it is", made.length === 0));
    else missing.push("Serial ports");
    if (this.#options.simulator) {
      made.push(button("simulator", "A simulated device", "In this page, to try it out", made.length === 0));
    }
    if (missing.length > 0) {
      made.push(el("p", { class: "muted" }, `${missing.join(" and ")}: not offered by this browser here. `,
        globalThis.isSecureContext
          ? "Chrome, Edge and Opera have both on computers, and Bluetooth on Android; Firefox has serial ports on computers."
          : "Browsers offer them to pages over https only. Open this page from such an address in Chrome, Edge or Opera."));
    }
    if (made.every((one) => one.localName !== "button")) {
      made.push(el("p", {}, "Nothing else is offered here. Join the device's own Wi-Fi network and open http://192.168.4.1/, if it serves this page."));
    }
    return made;
  }

  async #link(how: Choice): Promise<Link> {
    switch (how) {
      case "served":
        return http();
      case "bluetooth": {
        const name = this.#code?.transport === "ble" ? { name: this.#code.name } : {};
        return bluetooth({ namePrefix: "name" in name ? undefined : "PROV_", ...this.#options.bluetooth, ...name });
      }
      case "serial":
        return serial(this.#longLines ? { lineLimit: 0 } : {});
      case "simulator":
        return simulator("default");
    }
  }

  async #connect(how: Choice): Promise<void> {
    // First, while the click is handled: browsers ask for a device then only.
    const opening = this.#link(how);
    const signal = this.#show("connecting", "Connecting");
    const doing = el("p", {}, "Opening the link …");
    this.#screen.append(doing, this.#cancel());
    try {
      const link = await opening;
      if (signal.aborted) {
        await link.close?.();
        return;
      }
      const options: ConnectOptions = {
        setupCode: this.#code?.text,
        username: this.#options.username,
        security: this.#options.security,
        allowPlaintext: this.#plaintext,
        words: "page",
      };
      // Without a PoP: empty is what a device without one wants, and what one without encryption does not mind.
      const device = await connect(link, { ...options, ...(this.#pop === "" && this.#plaintext ? {} : { pop: this.#pop }) });
      this.#device = device;
      this.#say("Asking the device who it is.", doing);
      await device.info({ signal });
      await this.#scan(device, doing, signal);
    } catch (error) {
      this.#failed(error, signal, () => { this.start(); });
    }
  }

  async #scan(device: Device, doing: HTMLElement, signal: AbortSignal): Promise<void> {
    this.#say("The device is looking for networks.", doing);
    this.#networks = await device.scan({ signal, onEvent: (event) => { this.#tell(event, doing); } });
    this.#choose();
  }

  #choose(): void {
    this.#show("networks", "Choose its network");
    const seen = new Set<string>();
    const list = el("ul", { "aria-label": "Networks that the device hears" });
    for (const network of [...this.#networks].sort((a, b) => b.rssi - a.rssi)) {
      if (network.ssid === "" || seen.has(network.ssid)) continue;
      seen.add(network.ssid);
      const strength = network.rssi >= -55 ? 4 : network.rssi >= -67 ? 3 : network.rssi >= -80 ? 2 : 1;
      const bars = el("span", { class: "bars", "aria-hidden": "true" });
      for (let at = 0; at < 4; at++) bars.append(el("i", { class: at < strength ? "on" : "" }));
      const words = `${["weak", "fair", "good", "strong"][strength - 1]}, ${network.private ? "with a passphrase" : "open"}`;
      list.append(el("li", {},
        el("button", { type: "button", class: "network", onclick: () => { this.#ask(network.ssid, network.ssidBytes, network.private); } },
          el("span", {}, network.ssid), el("span", { class: "hidden" }, words), network.private && el("span", { class: "lock", "aria-hidden": "true" }), bars)));
    }
    this.#screen.append(
      el("div", { class: "stack" },
        list.childElementCount > 0 ? list : el("p", {}, "The device hears no network."),
        el("button", { type: "button", onclick: () => { this.#ask("", undefined, true); } }, "Another network", el("small", {}, "One that hides its name")),
        el("button", { type: "button", onclick: () => { void this.#again(); } }, "Look again"),
        this.#cancel()));
  }

  async #again(): Promise<void> {
    const device = this.#device;
    if (device === undefined) return;
    const signal = this.#show("connecting", "Looking for networks");
    const doing = el("p");
    this.#screen.append(doing, this.#cancel());
    try {
      await this.#scan(device, doing, signal);
    } catch (error) {
      this.#failed(error, signal, () => void this.#again());
    }
  }

  #ask(name: string, bytes: Uint8Array | undefined, needed: boolean): void {
    if (!needed && name !== "") {
      void this.#provision(name, bytes ?? name, "");
      return;
    }
    this.#show("passphrase", name === "" ? "Another network" : name);
    const ssid = el("input", { autocomplete: "off", autocapitalize: "off", spellcheck: "false", required: true });
    const passphrase = el("input", { type: "password", autocomplete: "off", autocapitalize: "off", spellcheck: "false" });
    const shown = el("input", { onchange: () => { passphrase.type = shown.checked ? "text" : "password"; } });
    const form = el("form", {
      onsubmit: (event: Event) => {
        event.preventDefault();
        const chosen = name === "" ? ssid.value : name;
        void this.#provision(chosen, bytes ?? chosen, passphrase.value);
      },
    },
    name === "" && field("Name of the network", ssid),
    field("Passphrase", passphrase, name === "" ? "Leave it empty if the network is open." : undefined),
    choice("Show the passphrase", shown),
    el("button", { class: "main" }, "Give the device this network"),
    el("button", { type: "button", onclick: () => { this.#choose(); } }, "Back"));
    this.#screen.append(form);
    (name === "" ? ssid : passphrase).focus();
  }

  async #provision(name: string, ssid: string | Uint8Array, passphrase: string): Promise<void> {
    const device = this.#device;
    if (device === undefined) return;
    const signal = this.#show("provisioning", `Joining ${name}`);
    const steps = ["The device gets the network", "It begins to join", "It is online"].map((text) => el("li", { class: "step" }, text));
    const note = el("p", { class: "muted" });
    this.#screen.append(el("div", { class: "stack" }, el("ol", {}, ...steps), note, this.#cancel()));
    const at = (now: number) => {
      for (const [index, step] of steps.entries()) step.className = `step ${index < now ? "done" : index === now ? "now" : ""}`;
    };
    at(0);
    try {
      const onEvent = (event: Happened) => {
        if (event.name === "config_sent") at(1);
        if (event.name === "config_applied") at(2);
        this.#tell(event, note);
      };
      const joined = await device.provision({ ssid, passphrase }, { signal, onEvent });
      at(3);
      this.#finished(joined);
    } catch (error) {
      // What the device is and what it is proved with is said on the first screen.
      const first = error instanceof EspprovError && (error.kind === "policy" || error.kind === "credentials");
      this.#failed(error, signal, () => { if (first) this.start(); else this.#choose(); });
    }
  }

  #finished(joined: Provisioned): void {
    const words = {
      connected: ["The device is online", joined.ip === undefined ? "" : `Its address is ${joined.ip}.`],
      likely_connected: ["The device is most likely online", "It was joining, and then went away as devices do that are online. Look whether it is on the network."],
      unconfirmed: ["The device may be online", "It went away before it said what became of the network. Look whether it is there; if it is not, bring it into provisioning mode again."],
    }[joined.outcome];
    this.#show("finished", words[0] ?? "", joined);
    this.#screen.append(
      el("div", { class: "stack" },
        el("p", { class: "good" }, `Network: ${joined.ssid}`),
        words[1] !== "" && el("p", {}, words[1] ?? ""),
        el("button", { type: "button", class: "main", onclick: () => { this.#another(); } }, "Another device")));
    const device = this.#device;
    this.#device = undefined;
    void device?.close();
  }

  #another(): void {
    this.#code = undefined;
    this.#pop = this.#options.pop ?? "";
    // What was said of the one device is not said of the next.
    this.#plaintext = this.#longLines = this.#more = false;
    this.start();
  }

  #failed(error: unknown, signal: AbortSignal, again: () => void): void {
    if (signal.aborted) return;
    const known = error instanceof EspprovError ? error : undefined;
    this.#more ||= known !== undefined && ANSWERED_BELOW_MORE.has(known.code);
    this.#show("error", "That did not work", known);
    this.#screen.append(
      el("div", { class: "stack" },
        el("p", { class: "bad" }, capital(known?.message ?? String(error))),
        known !== undefined && known.likelyCause !== "" && el("p", {}, `Why: ${known.likelyCause}.`),
        known !== undefined && known.help !== "" && el("p", {}, `${capital(known.help)}.`),
        el("button", { type: "button", class: "main", onclick: again }, "Try again"),
        el("button", { type: "button", onclick: () => { this.#another(); } }, "Another device")));
  }

  #tell(event: Happened, place: HTMLElement): void {
    const text = {
      connecting: "The device is joining …",
      link_lost: "The link was lost. Looking for the device again.",
      reconnecting: "Connecting again.",
      session_taken: "Another app uses the device. Waiting for it.",
      scanning: `${event.count ?? 0} networks so far.`,
    }[event.name as string];
    if (text !== undefined) this.#say(text, place);
  }

  #say(text: string, place: HTMLElement): void {
    place.textContent = text;
    this.#status.textContent = text;
  }

  #cancel(): HTMLElement {
    return el("button", { type: "button", onclick: () => { this.start(); } }, "Cancel");
  }

  /** Another screen. Its heading has the focus, so that a screen reader says it and the tabulator goes on from there. */
  #show(state: State, title: string, detail?: Provisioned | EspprovError): AbortSignal {
    this.#leave.abort(new Error("left"));
    this.#leave = new AbortController();
    const heading = el("h1", { tabindex: "-1" }, title);
    this.#status.textContent = "";
    const first = this.#screen.childElementCount === 0;
    this.#screen.replaceChildren(heading);
    this.#root.dataset["state"] = state;
    // Not where the page has just been opened.
    if (!first) heading.focus();
    this.#options.onState?.(state, detail);
    return this.#leave.signal;
  }
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
