import { hasBluetooth } from "./bluetooth.js";
import { el } from "./dom.js";
import { EspprovError } from "./errors.js";
import { hasSerial } from "./serial.js";
import { style } from "./style.js";
import { type State, Ui } from "./ui.js";
import type { Provisioned } from "./values.js";

/** What `state-changed` tells. */
export interface StateChanged {
  readonly state: State;
  readonly result?: Provisioned | undefined;
  readonly error?: EspprovError | undefined;
}

// In Node.js there is nothing to extend, and importing the module does nothing.
const Base = typeof HTMLElement === "undefined" ? (class {} as typeof HTMLElement) : HTMLElement;

/**
 * `<espprov-button>`: a button that opens the dialog of the page.
 *
 * Attributes: `name-prefix` (`PROV_` without), `service`, `security`, `pop`, `simulator`. Slots: `activate` is the button's content,
 * `unsupported` is shown instead where the browser can reach no device, `not-allowed` where that is because the page has no secure context. The
 * event `state-changed` has the state, and what came of it, in its `detail`.
 */
export class EspprovButton extends Base {
  #ui: Ui | undefined;

  connectedCallback(): void {
    if (this.shadowRoot) return;
    const root = this.attachShadow({ mode: "open", delegatesFocus: true });
    // Not a <style>: that would need to be allowed by the page's policy.
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`${style}\n:host { display: inline-block } dialog { width: min(32rem, 100%); padding: 0; border: 0; border-radius: .75rem; background: Canvas }`);
    root.adoptedStyleSheets = [sheet];
    if (!hasBluetooth() && !hasSerial() && !this.hasAttribute("simulator")) {
      const name = globalThis.isSecureContext ? "unsupported" : "not-allowed";
      const text = globalThis.isSecureContext
        ? "This browser reaches no device: use Chrome, Edge or Opera on a computer or an Android phone."
        : "Devices are reached from pages over https only.";
      root.append(el("slot", { name }, text));
      return;
    }
    const dialog = el("dialog", { "aria-label": "Give a device its network", onclose: () => void this.#closed() });
    const place = el("div");
    const done = el("button", { type: "button", onclick: () => { dialog.close(); } }, "Close");
    dialog.append(place, el("div", { class: "espprov", style: false }, done));
    const open = () => {
      this.#ui = new Ui(place, {
        bluetooth: { namePrefix: this.getAttribute("name-prefix") ?? "PROV_", service: this.getAttribute("service") ?? undefined },
        pop: this.getAttribute("pop") ?? undefined,
        security: ({ 0: 0, 1: 1, 2: 2 } as const)[(this.getAttribute("security") ?? "") as "0" | "1" | "2"],
        simulator: this.hasAttribute("simulator"),
        onState: (state, came) => { this.#changed(state, came); },
      });
      dialog.showModal();
    };
    root.append(
      el("slot", { name: "activate", onclick: open }, el("button", { type: "button" }, "Give a device its network")),
      dialog,
    );
  }

  disconnectedCallback(): void {
    void this.#closed();
  }

  async #closed(): Promise<void> {
    await this.#ui?.close();
    this.#ui = undefined;
  }

  #changed(state: State, came: Provisioned | EspprovError | undefined): void {
    const detail: StateChanged = came instanceof EspprovError ? { state, error: came } : { state, result: came };
    this.dispatchEvent(new CustomEvent("state-changed", { detail, bubbles: true, composed: true }));
  }
}

if (typeof customElements !== "undefined" && !customElements.get("espprov-button")) {
  customElements.define("espprov-button", EspprovButton);
}
