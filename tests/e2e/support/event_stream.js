// A raw SSE stream: the bytes that the edge wrote, read by eventsource-parser.
import http from "node:http";
import { createParser } from "eventsource-parser";
import { Arrivals } from "./arrivals.js";

export class EventStream {
  arrivals = new Arrivals();  // {id, event, data}, `connected` included
  retries = [];
  #request;

  // `query`: name-value pairs or an object. Resolves when `connected` has come.
  static async open(test, server, query, headers = {}) {
    const stream = new EventStream();
    await stream.#open(`${server.http}/v1/events?${new URLSearchParams(query)}`, headers);
    test?.after(() => stream.close());
    await stream.arrivals.count(1);
    return stream;
  }

  #open(url, headers) {
    return new Promise((resolve, reject) => {
      this.#request = http.get(url, { headers, agent: false }, (response) => {
        if (response.statusCode !== 200) return reject(new Error(`status ${response.statusCode}`));
        this.headers = response.headers;
        this.#read(response);
        resolve();
      });
      this.#request.on("error", reject);
    });
  }

  #read(response) {
    const decoder = new TextDecoder("utf-8", { fatal: true });
    const parser = createParser({
      onEvent: ({ id, event, data }) => this.arrivals.add({ id, event, data }),
      onRetry: (milliseconds) => this.retries.push(milliseconds),
      onError: (error) => this.arrivals.add({ event: "parse-error", data: String(error) }),
    });
    response.on("data", (bytes) => parser.feed(decoder.decode(bytes, { stream: true })));
    response.on("close", () => this.arrivals.add({ event: "end" }));
    response.on("error", () => {});  // `close` follows
  }

  // Without `connected`.
  get events() {
    return this.arrivals.items.filter(({ event }) => event !== "connected");
  }

  // Resolves to the published events once there are `count`.
  async published(count) {
    await this.arrivals.until(() => this.events.length >= count, `${count} events`);
    return this.events;
  }

  close() {
    this.#request.destroy();
  }
}
