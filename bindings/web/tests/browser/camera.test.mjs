// The camera: the stream is the browser's own, of a camera that films a picture of ours. Chromium on Linux has no reader of codes, so the test
// puts one in that the page finds where browsers have theirs: it hands what the page shows of the camera to `espprov qr decode`.
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { Person, withBrowser, withServer } from "./browser.mjs";

const program = process.env.ESPPROV ?? "espprov";
const PHONE = { width: 360, height: 740 };
const folder = mkdtempSync(join(tmpdir(), "espprov-web-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const CODE = ["--name", "PROV_1A2B", "--pop", "abcd1234", "--transport", "ble"];
const encode = (format) => execFileSync(program, ["qr", "encode", ...CODE, "--format", format], { encoding: "utf8" });

/** A film of the code: a few uncompressed frames, shown over and over. */
function film() {
  const [wide, high, scale] = [640, 480, 8];
  // Half blocks are light above, below, or both.
  const rows = encode("terminal").replaceAll(/\u001b\[[0-9;]*m/g, "").trimEnd().split("\n");
  const light = (x, y) => {
    const block = [...(rows[y >> 1] ?? "█")][x] ?? "█";
    return block === "█" || block === (y % 2 === 0 ? "▀" : "▄");
  };
  const left = (wide - scale * [...rows[0]].length) >> 1;
  const top = (high - scale * 2 * rows.length) >> 1;
  const luma = Buffer.alloc(wide * high);
  for (let at = 0; at < luma.length; at++) {
    const [x, y] = [Math.floor(((at % wide) - left) / scale), Math.floor((Math.floor(at / wide) - top) / scale)];
    luma[at] = x < 0 || y < 0 || light(x, y) ? 235 : 16;
  }
  const frame = Buffer.concat([Buffer.from("FRAME\n"), luma, Buffer.alloc((wide * high) / 2, 128)]);
  const file = join(folder, "code.y4m");
  writeFileSync(file, Buffer.concat([Buffer.from(`YUV4MPEG2 W${wide} H${high} F10:1 Ip A1:1 C420jpeg\n`), frame, frame]));
  return file;
}

/** Gives the page a reader of codes, and keeps the streams that it is given. */
async function withReader(page, read) {
  await page.exposeFunction("readByTest", read);
  await page.evaluateOnNewDocument(() => {
    globalThis.BarcodeDetector = class {
      static async getSupportedFormats() {
        return ["qr_code"];
      }
      async detect(video) {
        const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
        canvas.getContext("2d").drawImage(video, 0, 0);
        const picture = new Uint8Array(await (await canvas.convertToBlob({ type: "image/png" })).arrayBuffer());
        const text = await globalThis.readByTest(picture.toBase64?.() ?? btoa(String.fromCharCode(...picture)));
        return text ? [{ rawValue: text }] : [];
      }
    };
    const media = navigator.mediaDevices;
    const ask = media.getUserMedia.bind(media);
    globalThis.streams = [];
    media.getUserMedia = async (wanted) => {
      const stream = await ask(wanted);
      globalThis.streams.push(stream);
      return stream;
    };
  });
}

async function looks(person, origin) {
  await person.page.goto(`${origin}/page.html`);
  await person.opens("I have the code of the device");
  await person.click("Scan it with the camera");
}

test("a code in front of the camera is read, and the camera is off again", () =>
  withServer((origin) => withBrowser(async (browser) => {
    const text = encode("text").trim();
    let pictures = 0;
    const person = await Person.at(browser, "about:blank", PHONE);
    await withReader(person.page, async (picture) => {
      const file = join(folder, `${++pictures}.png`);
      writeFileSync(file, Buffer.from(picture, "base64"));
      // A picture that was taken before the camera had one is no code.
      const { stdout } = await promisify(execFile)(program, ["--json", "qr", "decode", "--show-secrets", file]).catch(() => ({ stdout: "" }));
      return stdout.includes("PROV_1A2B") && stdout.includes("abcd1234") ? text : "";
    });
    await looks(person, origin);
    await person.page.waitForFunction(() => document.body.innerText.includes("The code is of PROV_1A2B"));
    assert.ok(pictures > 0);
    const tracks = await person.page.evaluate(() => globalThis.streams.flatMap((stream) => stream.getTracks().map((track) => track.readyState)));
    assert.deepEqual(tracks, ["ended"]);
    assert.equal(await person.page.$("video"), null);
    // What it says opens the device.
    await person.button(/^A simulated device/).click();
    await person.sees("Choose its network");
    person.isClean();
  }, { args: ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", `--use-file-for-fake-video-capture=${film()}`] })));

test("whoever leaves while the camera looks has it off", () =>
  withServer((origin) => withBrowser(async (browser) => {
    const person = await Person.at(browser, "about:blank", PHONE);
    await withReader(person.page, () => "");
    await looks(person, origin);
    await person.page.waitForFunction(() => document.querySelector("video")?.videoWidth > 0);
    await person.button(/^A simulated device/).click();
    await person.page.waitForFunction(() => globalThis.streams.flatMap((stream) => stream.getTracks()).every((track) => track.readyState === "ended"));
  }, { args: ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"] })));

test("a camera that the person does not allow is said to be one", () =>
  withServer((origin) => withBrowser(async (browser) => {
    const person = await Person.at(browser, "about:blank", PHONE);
    await withReader(person.page, () => "");
    await looks(person, origin);
    await person.page.waitForFunction(() => document.body.innerText.includes("The camera cannot be used"));
    // The text of the code is still to be pasted.
    await person.type("Text of the code", '{"ver":"v1","name":"PROV_1A2B","pop":"abcd1234","transport":"ble"}');
    await person.page.waitForFunction(() => document.body.innerText.includes("The code is of PROV_1A2B"));
  }, { args: ["--use-fake-device-for-media-stream", "--deny-permission-prompts"] })));
