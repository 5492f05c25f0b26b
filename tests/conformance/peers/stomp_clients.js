// STOMP clients behind one face: frame({command, headers, body}) has the client say it, and `heard` holds
// what came of it, as {command, headers, body} or {command: "closed", code}.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import path from "node:path";
import readline from "node:readline";
import { Arrivals } from "../../e2e/support/arrivals.js";
import { repository } from "../../e2e/support/sluice_process.js";

// The libraries are those of tests/e2e.
const require = createRequire(path.join(repository, "tests/e2e/package.json"));
const { WebSocket } = require("ws");
globalThis.WebSocket ??= WebSocket;
const { Client, Versions } = require("@stomp/stompjs");
const legacy = require("stompjs");
const webstomp = require("webstomp-client");

class StompClient {
  heard = new Arrivals();

  constructor(url) {
    this.url = url;
  }

  hear({ command, headers, body }) {
    this.heard.add({ command, headers: { ...headers }, body });
  }

  closed(code) {
    this.heard.add({ command: "closed", headers: { code: `${code}` }, body: "" });
  }
}

const parse = (text) => {
  const end = text.indexOf("\n\n");
  const [command, ...lines] = text.slice(0, end).split("\n");
  const headers = {};
  for (const line of lines) headers[line.slice(0, line.indexOf(":"))] ??= line.slice(line.indexOf(":") + 1);
  const bytes = Buffer.from(text.slice(end + 2));
  const length = Number(headers["content-length"] ?? bytes.indexOf(0));
  return { command, headers, body: bytes.subarray(0, length).toString() };
};

// By hand: says anything, in any pieces. Each frame of the two servers is a message of WebSocket of its own.
export class Raw extends StompClient {
  #socket;

  #open(protocols) {
    const socket = new WebSocket(this.url, protocols);
    this.#socket = socket;
    socket.on("message", (bytes) => {
      const text = `${bytes}`.replace(/^[\r\n]+/, "");
      this.hear(text === "" ? { command: "heart-beat", headers: {}, body: "" } : parse(text));
    });
    socket.on("close", (code) => this.closed(code));
    socket.on("unexpected-response", (_, { statusCode }) => {
      this.hear({ command: "no WebSocket", headers: { status: `${statusCode}` }, body: "" });
      this.closed(0);
    });
    socket.on("error", () => {});  // `close` follows
    return new Promise((resolve) => {
      socket.on("open", resolve);
      socket.on("close", resolve);
      socket.on("unexpected-response", resolve);
    });
  }

  async open(protocols) {
    await this.#open(protocols);
    if (this.#socket.readyState === WebSocket.OPEN) {
      this.hear({ command: "WebSocket", headers: { protocol: this.#socket.protocol || "(none)" }, body: "" });
    }
  }

  async frame({ command, headers, body, lineEnd = "\n" }) {
    const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}`);
    await this.octets([command, ...lines, "", `${body}\0`].join(lineEnd));
  }

  async octets(octets, { binary = false } = {}) {
    if (!this.#socket) await this.#open(["v12.stomp"]);
    this.#socket.send(octets, { binary });
  }

  // Resolves when the server has answered what was said before this, or has closed.
  answersPing() {
    return new Promise((resolve) => {
      this.#socket.on("pong", resolve);
      this.#socket.on("close", resolve);
      if (this.#socket.readyState === WebSocket.CLOSED) resolve();
      if (this.#socket.readyState === WebSocket.OPEN) this.#socket.ping();
    });
  }

  end() {
    this.#socket?.terminate();
  }
}

class Stompjs extends StompClient {
  #client;
  #subscriptions = new Map();

  #connect(headers) {
    this.#client = new Client({
      webSocketFactory: () => new WebSocket(this.url, Versions.default.protocolVersions()),
      connectHeaders: headers, reconnectDelay: 0, heartbeatIncoming: 0, heartbeatOutgoing: 0,
      onConnect: (frame) => this.hear(frame), onStompError: (frame) => this.hear(frame),
      onUnhandledReceipt: (frame) => this.hear(frame), onUnhandledMessage: (frame) => this.hear(frame),
      onWebSocketClose: ({ code }) => this.closed(code),
    });
    this.#client.activate();
  }

  async frame({ command, headers, body }) {
    const client = this.#client;
    const { id, destination, transaction, ...rest } = headers;
    switch (command) {
      case "CONNECT": return this.#connect(headers);
      case "SUBSCRIBE":
        this.#subscriptions.set(id, client.subscribe(destination, (frame) => this.hear(frame), { ...rest, ...(id && { id }) }));
        return;
      case "UNSUBSCRIBE": return client.unsubscribe(id, rest);
      case "SEND": return client.publish({ destination, body, headers: transaction ? { ...rest, transaction } : rest });
      case "BEGIN": client.begin(transaction); return;
      case "COMMIT": return client.commit(transaction);
      case "ABORT": return client.abort(transaction);
      case "ACK": return client.ack(id, headers.subscription, rest);
      case "NACK": return client.nack(id, headers.subscription, rest);
      case "DISCONNECT": client.disconnectHeaders = headers; client.deactivate(); return;
    }
  }

  end() {
    return this.#client?.deactivate({ force: true });
  }
}

// stompjs 2 and webstomp-client, which share their interface but for the order of two arguments.
class Legacy extends StompClient {
  #over;
  #client;
  #socket;

  constructor(over, url) {
    super(url);
    this.#over = over;
  }

  #connect(headers) {
    this.#socket = new WebSocket(this.url, ["v12.stomp", "v11.stomp", "v10.stomp"]);
    this.#client = this.#over(this.#socket);
    Object.assign(this.#client, {
      heartbeat: { incoming: 0, outgoing: 0 }, debug() {}, onreceipt: (frame) => this.hear(frame),
      onreceive: (frame) => this.hear(frame),
    });
    this.#client.connect(headers, (frame) => this.hear(frame), (frame) => { if (frame.command) this.hear(frame); });
    this.#socket.addEventListener("close", ({ code }) => this.closed(code));
    this.#socket.addEventListener("error", () => {});
  }

  async frame({ command, headers, body }) {
    const client = this.#client;
    const { id, destination, transaction, ...rest } = headers;
    switch (command) {
      case "CONNECT": return this.#connect(headers);
      case "SUBSCRIBE": client.subscribe(destination, (frame) => this.hear(frame), { ...rest, ...(id && { id }) }); return;
      case "UNSUBSCRIBE": return client.unsubscribe(id, rest);
      case "SEND": {
        const all = transaction ? { ...rest, transaction } : rest;
        return this.#over === legacy.over ? client.send(destination, all, body) : client.send(destination, body, all);
      }
      case "BEGIN": client.begin(transaction); return;
      case "COMMIT": return client.commit(transaction);
      case "ABORT": return client.abort(transaction);
      case "ACK": return client.ack(id, headers.subscription, rest);
      case "NACK": return client.nack(id, headers.subscription, rest);
      case "DISCONNECT": return client.disconnect(() => {}, headers);
    }
  }

  end() {
    this.#socket?.terminate();
  }
}

// stomp.py is a process of its own, which reads frames and writes what it heard, as lines of JSON.
class StompPy extends StompClient {
  #child;

  constructor(url) {
    super(url);
    this.#child = spawn("python3", [new URL("stomp_py_client.py", import.meta.url).pathname, url],
      { env: { ...process.env, PYTHONPATH: StompPy.packages }, stdio: ["pipe", "pipe", "inherit"] });
    this.#child.stdin.on("error", () => {});
    readline.createInterface({ input: this.#child.stdout }).on("line", (line) => this.heard.add(JSON.parse(line)));
  }

  async frame(frame) {
    this.#child.stdin.write(`${JSON.stringify(frame)}\n`);
  }

  end() {
    this.#child.kill("SIGKILL");
  }
}

// By name: what makes one. stomp.py only with the folder of its packages.
export function stompClients(pythonPackages) {
  StompPy.packages = pythonPackages;
  return {
    "raw": (url) => new Raw(url),
    "@stomp/stompjs": (url) => new Stompjs(url),
    "stompjs": (url) => new Legacy(legacy.over, url),
    "webstomp-client": (url) => new Legacy(webstomp.over, url),
    ...(pythonPackages && { "stomp.py": (url) => new StompPy(url) }),
  };
}
