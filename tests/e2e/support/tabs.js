// Tabs of one user: each follows the user's own channel and the topic "news" over a protocol of its own,
// and can be cut and come back anywhere.
import SockJS from "sockjs-client";
import WebSocket from "ws";
import { Arrivals } from "./arrivals.js";
import { EventStream } from "./event_stream.js";
import { openStomp } from "./stomp_clients.js";

const TOPIC = "news";

class Tab {
  #before = [];  // what came over connections that are gone

  constructor(test, user) {
    this.test = test;
    this.user = user;
  }

  // Resolves to the {id, data} of all that came so far, once there are `count`; a gap has no place in it.
  async seen(count) {
    const here = await this.arrived(count - this.#before.length);
    const gap = here.find(({ kind }) => kind === "gap");
    if (gap) throw new Error(`${this.constructor.name} was told of a gap: ${gap.data}`);
    return [...this.#before, ...here.map(({ id, data }) => ({ id, data }))];
  }

  // Ends the connection when `count` have come, without a word to the server.
  async cut(count) {
    this.#before = await this.seen(count);
    await this.end();
  }

  query(cursor) {
    return new URLSearchParams({ user: this.user, topic: TOPIC, ...(cursor && { last_event_id: cursor }) });
  }
}

// Of each: `open(server, cursor)` begins a stream, after the event `cursor` if there is one; `arrived(count)`
// resolves to what this connection has brought, as {id, data, kind}.
class SseTab extends Tab {
  #stream;

  async open(server, cursor) {
    this.#stream = await EventStream.open(this.test, server, this.query(cursor));
  }

  async arrived(count) {
    return (await this.#stream.published(count)).map(({ id, data, event }) => ({ id, data, kind: event }));
  }

  end() {
    this.#stream.close();
  }
}

class WebSocketTab extends Tab {
  #socket;
  #messages;

  async open(server, cursor) {
    const messages = new Arrivals();
    const socket = new WebSocket(`${server.http.replace("http", "ws")}/v1/ws?${this.query(cursor)}`, "sluice.v1.json");
    this.#socket = socket;
    this.#messages = messages;
    this.test.after(() => socket.terminate());
    await new Promise((resolve, reject) => {
      socket.on("error", reject);
      socket.on("message", (bytes) => {
        const { type, id, data, reason } = JSON.parse(bytes);
        if (type === "connected") resolve();
        if (type === "event") messages.add({ id, data, kind: type });
        if (type === "gap") messages.add({ data: reason, kind: type });
      });
    });
  }

  arrived(count) {
    return this.#messages.count(count);
  }

  end() {
    this.#socket.terminate();
  }
}

class StompTab extends Tab {
  #client;

  // undefined: a WebSocket.
  socketFactory() {}

  async open(server, cursor) {
    this.#client = openStomp(this.test, "@stomp/stompjs", server.http, {
      user: this.user, openSocket: this.socketFactory(server),
    });
    await this.#client.connected();
    const headers = cursor && { "last-event-id": cursor };
    await Promise.all(["/user/queue", `/topic/${TOPIC}`].map((name) => this.#client.subscribed(name, headers)));
  }

  async arrived(count) {
    return (await this.#client.received(count)).map(({ id, body, type }) => ({ id, data: body, kind: type }));
  }

  end() {
    return this.#client.abandon();
  }
}

// sockjs.test.js has its other transports.
class SockJsTab extends StompTab {
  socketFactory(server) {
    return () => new SockJS(`${server.http}/v1/sockjs?${new URLSearchParams({ user: this.user })}`, null,
      { transports: ["websocket"] });
  }
}

export const protocols = { sse: SseTab, websocket: WebSocketTab, stomp: StompTab, sockjs: SockJsTab };
