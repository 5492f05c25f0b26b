// A browser that speaks sluice.v1.json, over npm ws.
import WebSocket from "ws";
import { Arrivals } from "./arrivals.js";

export class JsonSocket {
  #socket;
  #lastRef = 0;
  arrivals = new Arrivals();

  // Resolves once it is connected.
  static async open(test, server, user, topics = []) {
    const browser = new JsonSocket();
    const query = [`user=${user}`, ...topics.map((topic) => `topic=${topic}`)].join("&");
    browser.#socket = new WebSocket(`${server.http.replace("http", "ws")}/v1/ws?${query}`, "sluice.v1.json");
    test.after(() => browser.#socket.terminate());
    browser.#socket.on("message", (text) => browser.arrivals.add(JSON.parse(text)));
    await browser.arrivals.first(({ type }) => type === "connected");
    return browser;
  }

  // Resolves to the answer.
  send(destination, data) {
    const ref = ++this.#lastRef;
    this.#socket.send(JSON.stringify({ type: "send", destination, data, ref }));
    return this.arrivals.first((item) => item.ref === ref);
  }

  get events() {
    return this.arrivals.items.filter(({ type }) => type === "event");
  }

  // Resolves to the first `count` events.
  async untilEvents(count) {
    await this.arrivals.until(() => this.events.length >= count, `${count} events`);
    return this.events;
  }
}
