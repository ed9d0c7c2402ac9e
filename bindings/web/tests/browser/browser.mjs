// A browser beside a test, and a person in front of it: clicks, keys and what stands on the screen, never a function of the page.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import puppeteer from "puppeteer-core";

export const dist = fileURLToPath(new URL("../../dist/", import.meta.url));

/** A name that is no secure context, though it is this computer. */
export const INSECURE = "device.test";

const PROGRAMS = { chrome: ["/usr/bin/chromium", "/usr/bin/google-chrome"], firefox: ["/usr/bin/firefox-esr", "/usr/bin/firefox"] };

/** The browser's program. */
export function program(browser) {
  const given = process.env[`ESPPROV_${browser.toUpperCase()}`];
  const found = given ?? PROGRAMS[browser].find((path) => existsSync(path));
  assert.ok(found, `no ${browser}: apt-get install ${browser === "chrome" ? "chromium" : "firefox-esr"}`);
  return found;
}

/** Starts a browser of its own for `use`, with a profile that is gone afterwards. */
export async function withBrowser(use, { browser = "chrome", args = [], executable = program(browser) } = {}) {
  const profile = mkdtempSync(join(tmpdir(), "espprov-web-"));
  const chrome = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--enable-features=WebBluetooth", `--host-resolver-rules=MAP ${INSECURE} 127.0.0.1`,
  ];
  const started = await puppeteer.launch({
    browser,
    executablePath: executable,
    headless: true,
    userDataDir: profile,
    protocolTimeout: 120_000,
    args: browser === "chrome" ? [...chrome, ...args] : args,
  });
  try {
    return await use(started);
  } finally {
    await started.close();
    rmSync(profile, { recursive: true, force: true });
  }
}

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm", ".gz": "application/gzip" };

/** A folder as a web server shows it. */
export async function withServer(use, folder = dist) {
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url, "http://x").pathname);
    const body = path.includes("..") || request.method !== "GET" ? undefined : await readFile(join(folder, path)).catch(() => undefined);
    response.writeHead(body ? 200 : 404, { "Content-Type": TYPES[extname(path)] ?? "text/plain" });
    response.end(body);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await use(`http://127.0.0.1:${server.address().port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** A person at a page. */
export class Person {
  /** What the page asked for, by address. */
  requests = [];
  /** What went wrong in the page. */
  complaints = [];

  constructor(page) {
    this.page = page;
    page.setDefaultTimeout(60_000);
    page.on("request", (request) => this.requests.push(request.url()));
    page.on("pageerror", (error) => this.complaints.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error") this.complaints.push(message.text());
    });
  }

  static async at(browser, url, { width = 1280, height = 800, scheme } = {}) {
    const person = new Person(await browser.newPage());
    await person.page.setViewport({ width, height });
    if (scheme) await person.page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    await person.page.goto(url);
    return person;
  }

  /** A button that is called like this. */
  button(name) {
    if (name instanceof RegExp) {
      // The function is carried out in the page, which knows nothing from here.
      const find = `return [...document.querySelectorAll("button")].find((one) => ${name}.test(one.innerText))`;
      return this.page.locator(new Function(find));
    }
    return this.page.locator(`::-p-aria([name="${name}"][role="button"])`);
  }

  async click(name) {
    await this.button(name).click();
  }

  async type(label, text) {
    await (await this.#all(label)).type(text);
  }

  /** Nothing stands in the field any more. */
  async clear(label) {
    await (await this.#all(label)).press("Backspace");
  }

  /** A field of one line, all of which is marked. */
  async #all(label) {
    // By its label, as a person finds it: engines differ in the role of a field for passwords.
    const find = `return [...document.querySelectorAll("label")].find((one) => one.innerText === ${JSON.stringify(label)})?.control`;
    const handle = await this.page.locator(new Function(find)).waitHandle();
    await handle.click({ count: 3 });
    return handle;
  }

  /** From the list of networks to the wish that the device joins this one. */
  async joins(passphrase = "correct-horse") {
    await this.sees("Choose its network");
    await this.button(/^Home/).click();
    await this.type("Passphrase", passphrase);
    await this.click("Give the device this network");
  }

  /** Opens what is closed on the first screen. */
  async opens(summary) {
    await this.page.locator(`::-p-aria(${summary})`).click();
  }

  /** Whether it is ticked. */
  async isTicked(label) {
    return (await this.page.locator(`::-p-aria([name="${label}"][role="checkbox"])`).waitHandle()).evaluate((box) => box.checked);
  }

  async tick(label) {
    await this.page.locator(`::-p-aria([name="${label}"][role="checkbox"])`).click();
  }

  /** Waits until the page has this heading, or one that matches. */
  async sees(heading) {
    const wanted = heading instanceof RegExp ? { source: heading.source } : { text: heading };
    await this.page
      .waitForFunction(
        ({ text, source }) => {
          const said = document.querySelector("h1")?.textContent ?? "";
          return text === undefined ? new RegExp(source).test(said) : said === text;
        },
        { polling: 50 },
        wanted,
      )
      .catch(async (error) => {
        throw new Error(`no "${heading}", but:\n${await this.text()}`, { cause: error });
      });
  }

  /** All that stands on the screen. */
  async text() {
    return this.page.evaluate(() => document.querySelector("main").innerText);
  }

  /** Nothing went wrong in the page, no policy was broken, and nobody else was asked for anything. */
  isClean() {
    assert.deepEqual(this.complaints.filter((text) => !isExpected(text)), []);
    const origin = new URL(this.page.url()).origin;
    assert.deepEqual(this.requests.filter((url) => new URL(url).origin !== origin && !url.startsWith("data:")), []);
  }
}

/** What browsers write into their log about answers that the page deals with. */
function isExpected(text) {
  // Firefox wants an icon, which the page forbids.
  return /^Failed to load resource|favicon\.ico/.test(text);
}
