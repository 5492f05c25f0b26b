// One SockJS server as scripts see it: requests by hand, WebSockets, and sockjs-client; what came, as lines.
import { randomUUID } from "node:crypto";
import http from "node:http";
import { createRequire } from "node:module";
import path from "node:path";
import { Arrivals } from "../../e2e/support/arrivals.js";
import { repository } from "../../e2e/support/sluice_process.js";

const require = createRequire(path.join(repository, "tests/e2e/package.json"));
const { WebSocket } = require("ws");
const SockJS = require("sockjs-client");

// Where the script is about them; else the status, `allow` and the body.
const HEADERS = ["content-type", "cache-control", "expires", "etag", "allow", "set-cookie", "access-control-allow-origin",
  "access-control-allow-credentials", "access-control-allow-methods", "access-control-allow-headers", "access-control-max-age"];

// Names that Sluice makes: ids of events and connections, and numbers by chance.
const normal = (text) => text
  .replaceAll(/(message-id|last-event-id|connection-id):[^\\\n]*/g, "$1:*")
  .replaceAll(/"entropy":\d+/g, '"entropy":*')
  .replaceAll(/h{2048}/g, "(2048 x h)")
  .replaceAll(/x{100,}/g, (run) => `(${run.length} x x)`);

// In ASCII, as an escape that is in the text is not the same as what it means.
const shown = (text) => JSON.stringify(normal(text))
  .replaceAll(/[^ -~]/g, (c) => `<U+${c.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}>`);

class Response {
  #arrivals = new Arrivals();
  #text = "";
  #onText = () => {};

  constructor(request) {
    this.request = request;
    request.on("response", (response) => {
      this.response = response;
      response.setEncoding("utf8");
      response.on("data", (part) => { 
        this.#text += part;
        this.#arrivals.add("data");
        this.#onText();
      });
      response.on("close", () => this.#arrivals.add("end"));
      this.#arrivals.add("head");
    });
    request.on("upgrade", (response, socket) => {
      this.response = response;
      socket.destroy();
      this.#arrivals.add("head");
    });
    request.on("error", () => this.#arrivals.add("end"));
  }

  get text() { return this.#text; }
  until(holds, what) { return this.#arrivals.until(() => holds(this.#text), what); }
  // However long it takes: what comes late by design.
  late(holds) {
    return new Promise((resolve) => {
      this.#onText = () => { if (holds(this.#text)) resolve(); };
      this.#onText();
    });
  }
  async head() { await this.#arrivals.count(1); return this; }
  async whole() { await this.#arrivals.first((item) => item === "end"); return this; }
  abort() { this.request.destroy(); }
}

export class Site {
  lines = [];
  #open = [];

  // `query`: who calls, for Sluice.
  constructor(url, query) {
    this.url = url;
    this.query = query;
  }

  say(...words) { this.lines.push(words.join(" ")); }

  // A path of a session that no script has had.
  session() {
    return `/000/${randomUUID()}`;
  }

  begin(method, where, { body, headers = {} } = {}) {
    const isMeasured = body !== undefined && !headers["Transfer-Encoding"];
    const length = isMeasured ? { "Content-Length": Buffer.byteLength(body) } : {};
    const query = where.includes("?") ? this.query.replace("?", "&") : this.query;
    const request = http.request(`${this.url}${where}${query}`, { method, agent: false, headers: { ...length, ...headers } });
    const response = new Response(request);
    request.end(body);
    this.#open.push(() => request.destroy());
    return response;
  }

  // The whole answer, said. `all`: with its headers.
  async ask(method, where, options = {}) {
    const answer = await this.begin(method, where, options).whole();
    if (!answer.response) return this.say("no answer");
    this.sayHead(answer.response, options.all ? HEADERS : ["allow"]);
    if (!options.noBody) this.sayBody(answer);
    return answer;
  }

  sayHead({ statusCode, headers }, names = HEADERS) {
    this.say("status", statusCode);
    for (const name of names) {
      const value = name === "allow" ? headers[name]?.split(", ").sort().join(", ") : headers[name];
      if (value) this.say(`${name}:`, name === "etag" || name === "expires" ? "*" : value);
    }
  }

  // What an error says is for people, but for those of xhr_send.
  sayBody({ text, response: { statusCode } }) {
    if (statusCode < 400 || statusCode === 500) this.say("body", shown(text));
  }

  // Only the status.
  async status(method, where, options) {
    const { response } = await this.begin(method, where, options).head();
    return response?.statusCode ?? "no answer";
  }

  send(session, ...frames) {
    return this.status("POST", `${session}/xhr_send`, { body: JSON.stringify(frames) });
  }

  // One poll, said.
  async poll(session) {
    const { text } = await this.begin("POST", `${session}/xhr`).whole();
    this.say("frame", shown(text));
    return text;
  }

  async webSocket(where, protocols = []) {
    const socket = new WebSocket(`${this.url.replace("http", "ws")}${where}${this.query}`, protocols);
    const heard = new Arrivals();
    this.#open.push(() => socket.terminate());
    socket.on("message", (bytes) => heard.add(`${bytes}`));
    socket.on("close", (code) => heard.add(`closed ${code}`));
    socket.on("unexpected-response", (_, response) => heard.add(`refused ${response.statusCode}`));
    socket.on("error", () => {});
    await Promise.race([new Promise((resolve) => { socket.on("open", resolve); }), heard.count(1)]);
    return { socket, heard, sayAll: async (count) => { for (const item of await heard.count(count)) this.say("frame", shown(item)); } };
  }

  // sockjs-client with these transports; what it fires, in `heard`.
  client(transports) {
    const client = new SockJS(`${this.url}${this.query}`, null, { transports });
    const heard = new Arrivals();
    this.#open.push(() => client.close());
    client.onopen = () => heard.add(`open ${client.transport}`);
    client.onmessage = ({ data }) => heard.add(`message ${shown(data)}`);
    client.onclose = ({ code, reason }) => heard.add(`close ${code} ${reason}`);
    return { client, heard };
  }

  shown(text) { return shown(text); }

  end() {
    for (const end of this.#open) end();
  }
}
