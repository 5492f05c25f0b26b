// The STOMP libraries that browsers use, behind one face: what connects, subscribes and hears.
import { createRequire } from "node:module";
import { Client, Versions } from "@stomp/stompjs";
import WebSocket from "ws";
import { Arrivals } from "./arrivals.js";

const require = createRequire(import.meta.url);
const legacy = require("stompjs");
const webstomp = require("webstomp-client");

const BEAT_MS = 10_000;

// What a library's own frame looks like here. `heard` of a StompClient holds them, and
// {closed: code} at the end of a connection, and {connected: headers} and {beat} of the server.
const toItem = ({ command, headers, body }) => ({
  command, id: headers["message-id"], destination: headers.destination, type: headers.type,
  receipt: headers["receipt-id"], message: headers.message, body,
});

class StompClient {
  heard = new Arrivals();

  of(...commands) {
    return this.heard.items.filter(({ command }) => commands.includes(command));
  }

  get messages() {
    return this.of("MESSAGE");
  }

  // Resolve to the messages once there are `count`, to the headers of the CONNECTED of that number.
  async received(count) {
    await this.heard.until(() => this.messages.length >= count, `${count} messages`);
    return this.messages;
  }

  async connected(count = 1) {
    const all = () => this.heard.items.filter((item) => item.connected);
    await this.heard.until(() => all().length >= count, `connection ${count}`);
    return all()[count - 1].connected;
  }

  // Resolves when the receipt of this subscription has come.
  async subscribed(destination, headers = {}) {
    const receipt = `of ${destination} ${this.of("RECEIPT").length}`;
    this.subscribe(destination, { receipt, ...headers });
    await this.heard.first((item) => item.receipt === receipt);
  }

  // The id of the last message of `destination`, or of any.
  lastId(destination) {
    return this.messages.filter((item) => !destination || item.destination === destination).at(-1)?.id;
  }
}

// @stomp/stompjs comes back by itself.
class Stompjs extends StompClient {
  #client;

  constructor(url, headers, onConnected, openSocket) {
    super();
    this.#client = new Client({
      webSocketFactory: () => openSocket?.() ?? new WebSocket(url(), Versions.default.protocolVersions()),
      connectHeaders: headers, reconnectDelay: 50, heartbeatIncoming: BEAT_MS, heartbeatOutgoing: BEAT_MS,
      onConnect: (frame) => {
        this.heard.add({ connected: frame.headers });
        onConnected(this);
      },
      onStompError: (frame) => this.heard.add(toItem(frame)),
      onWebSocketClose: ({ code }) => this.heard.add({ closed: code }),
      onUnhandledReceipt: (frame) => this.heard.add(toItem(frame)),
      debug: (line) => { if (line === "<<< PONG") this.heard.add({ beat: true }); },
    });
    this.#client.activate();
  }

  subscribe(destination, headers) {
    return this.#client.subscribe(destination, (frame) => this.heard.add(toItem(frame)), headers);
  }

  send(destination, body, headers) {
    this.#client.publish({ destination, body, headers });
  }

  close() {
    return this.#client.deactivate();
  }

  // Without a word to the server.
  abandon() {
    return this.#client.deactivate({ force: true });
  }
}

// The two older ones are told to; they share their interface.
class Legacy extends StompClient {
  #over;
  #url;
  #headers;
  #onConnected;
  #client;
  #socket;
  #timer;

  constructor(over, url, headers, onConnected) {
    super();
    this.#over = over;
    this.#url = url;
    this.#headers = headers;
    this.#onConnected = onConnected;
    this.#connect();
  }

  #connect() {
    const socket = new WebSocket(this.#url(), ["v12.stomp", "v11.stomp", "v10.stomp"]);
    this.#socket = socket;
    const client = this.#over(socket);
    this.#client = client;
    client.heartbeat = { incoming: BEAT_MS, outgoing: BEAT_MS };
    client.debug = (line) => { if (line === "<<< PONG") this.heard.add({ beat: true }); };
    client.onreceipt = (frame) => this.heard.add(toItem(frame));
    client.connect(this.#headers, (frame) => {
      this.heard.add({ connected: frame.headers });
      this.#onConnected(this);
    }, (frame) => { if (frame.command) this.heard.add(toItem(frame)); });
    // These set their own handlers as properties.
    socket.addEventListener("close", ({ code }) => {
      this.heard.add({ closed: code });
      if (this.#timer !== null) this.#timer = setTimeout(() => this.#connect(), 50);
    });
    socket.addEventListener("error", () => {});  // `close` follows
  }

  subscribe(destination, headers) {
    return this.#client.subscribe(destination, (frame) => this.heard.add(toItem(frame)), headers);
  }

  send(destination, body, headers) {
    this.#client.send(destination, this.#over === legacy.over ? headers : body,
      this.#over === legacy.over ? body : headers);
  }

  async close() {
    clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    await new Promise((resolve) => { this.#client.disconnect(resolve); });
  }
}

export const libraries = {
  "@stomp/stompjs": (...rest) => new Stompjs(...rest),
  "stompjs": (...rest) => new Legacy(legacy.over, ...rest),
  "webstomp-client": (...rest) => new Legacy(webstomp.over, ...rest),
};

// A client of `library` on `http` (or what it answers, asked at each connection), which calls
// `onConnected(client)` each time that it is connected. `openSocket`: for @stomp/stompjs, in place of a WebSocket.
export function openStomp(test, library, http, { user, headers = {}, onConnected = () => {}, openSocket } = {}) {
  const base = typeof http === "function" ? http : () => http;
  const query = user ? `?${new URLSearchParams({ user })}` : "";
  const client = libraries[library](() => `${base().replace(/^http/, "ws")}/v1/ws${query}`, headers, onConnected, openSocket);
  test.after(() => client.close());
  return client;
}
