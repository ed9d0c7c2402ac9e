// A link of one's own: HTTP by Node.js, as a stand-in for whatever carries bytes to your device.
//
//     espprov simulate --http 127.0.0.1:8080 &
//     node examples/node-http.mjs 127.0.0.1:8080 abcd1234 Home correct-horse
import { Agent, request } from "node:http";
import { pathToFileURL } from "node:url";
import { LinkError, connect } from "espprov";

/** One connection, kept open; the device knows its session by a cookie. */
export class NodeHttp {
  kind = "http";
  limits = { maxRequest: 4096 };
  #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  #cookie;

  constructor(host) {
    this.label = host;
  }

  exchange(endpoint, data, { signal, sent }) {
    return new Promise((resolve, reject) => {
      let out = false;
      const lost = (cause) => {
        // The connection was closed without a byte of an answer: how these devices refuse.
        const refused = out && cause.code === "ECONNRESET" && cause.message === "socket hang up";
        if (refused) reject(new LinkError("refused", "the device hung up without an answer", { linkAlive: false, cause }));
        else reject(new LinkError("lost", "the connection broke", { delivered: out, cause }));
      };
      const headers = { "Content-Length": data.length, ...(this.#cookie && { Cookie: this.#cookie }) };
      const url = `http://${this.label}/${endpoint}`;
      const asked = request(url, { method: "POST", agent: this.#agent, headers, signal }, (response) => {
        const parts = [];
        response.on("data", (part) => parts.push(part));
        response.on("error", lost);
        response.on("end", () => {
          if (response.statusCode === 404) return reject(new LinkError("no_such_endpoint", "status 404"));
          if (response.statusCode !== 200) {
            return reject(new LinkError("refused", `status ${response.statusCode}`, { linkAlive: false }));
          }
          this.#cookie = response.headers["set-cookie"]?.[0]?.split(";")[0] ?? this.#cookie;
          resolve(new Uint8Array(Buffer.concat(parts)));
        });
      });
      asked.on("error", lost);
      asked.end(data, () => {
        out = true;
        sent();
      });
    });
  }

  reconnect(fresh) {
    this.close();
    this.#agent = new Agent({ keepAlive: true, maxSockets: 1 });
    if (fresh) this.#cookie = undefined;
  }

  close() {
    this.#agent.destroy();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [host, pop, ssid, passphrase] = process.argv.slice(2);
  const device = await connect(new NodeHttp(host), { pop });
  try {
    const { outcome, ip } = await device.provision({ ssid, passphrase }, { onEvent: ({ name }) => console.log(name) });
    console.log(outcome, ip ?? "");
  } finally {
    await device.close();
  }
}
