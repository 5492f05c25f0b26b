// sockjs-client with each transport forced, under @stomp/stompjs: subscribe, publish, cut, resume.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Client } from "@stomp/stompjs";
import SockJS from "sockjs-client";
import { Arrivals, eventually } from "./support/arrivals.js";
import { CutProxy } from "./support/cut_proxy.js";
import { Publisher, toUser } from "./support/publisher.js";
import { SluiceProcess } from "./support/sluice_process.js";

const TRANSPORTS = ["websocket", "xhr-streaming", "eventsource", "xhr-polling"];
const TEXT = "\u2028 \u{1F600} \u{FFFF} \u0001 \\ \" \u4f60";

// A STOMP client over SockJS that follows alice's events and, when it is back, goes on behind the last.
const connect = (test, url, transports) => {
  const arrivals = new Arrivals();
  const opened = new Arrivals();
  const closed = new Arrivals();
  let last;
  const client = new Client({
    webSocketFactory: () => new SockJS(`${url}/v1/sockjs?user=alice`, null, { transports }),
    reconnectDelay: 100,
    onConnect: () => {
      client.subscribe("/user/queue", (message) => {
        last = message.headers["message-id"];
        arrivals.add(message.body);
      }, { receipt: "subscribed", ...(last && { "last-event-id": last }) });
      client.watchForReceipt("subscribed", () => opened.add(client.webSocket.transport));
    },
    onWebSocketClose: () => closed.add(last),
  });
  client.activate();
  test.after(() => client.deactivate({ force: true }));
  return { client, arrivals, opened, closed };
};

for (const transport of TRANSPORTS) {
  test(`${transport}: in order, unchanged, and nothing is lost or doubled by a cut`, async (t) => {
    const server = await SluiceProcess.start(t, { settings: { EDGE_SHARDS: "3" } });
    const proxy = await CutProxy.start(t, server.ports.http);
    const publisher = new Publisher(t, server);
    const { arrivals, opened, closed } = connect(t, `http://127.0.0.1:${proxy.port}`, [transport]);
    assert.deepEqual(await opened.count(1), [transport]);
    const sent = [TEXT];
    await publisher.publish(toUser("alice", TEXT));
    for (let n = 0; n < 200; ++n) {
      sent.push(`before ${n}`);
      await publisher.publish(toUser("alice", `before ${n}`));
    }
    await arrivals.count(sent.length);
    await eventually(() => {
      proxy.cut();  // again, if it was between two polls
      return closed.items.length > 0;
    }, "that the cut is noticed");
    for (let n = 0; n < 20; ++n) {
      sent.push(`after ${n}`);
      await publisher.publish(toUser("alice", `after ${n}`));
    }
    await arrivals.count(sent.length);
    assert.deepEqual(arrivals.items, sent);
    await opened.count(2);
    await publisher.publish(toUser("alice", "live"));
    assert.equal((await arrivals.count(sent.length + 1)).at(-1), "live");
  });
}

test("a burst beyond the limit of a response comes whole over the next", async (t) => {
  const server = await SluiceProcess.start(t);
  const publisher = new Publisher(t, server);
  const { arrivals, opened } = connect(t, server.http, ["xhr-streaming"]);
  await opened.count(1);
  const sent = Array.from({ length: 100 }, (_, n) => `${n} ${"x".repeat(8_000)}`);
  await publisher.publishAll(sent.map((data) => toUser("alice", data)));
  assert.deepEqual(await arrivals.count(sent.length), sent);
});

test("a client that is done leaves no session behind", async (t) => {
  const server = await SluiceProcess.start(t);
  for (const transport of TRANSPORTS) {
    const { client, opened } = connect(t, server.http, [transport]);
    await opened.count(1);
    await client.deactivate();
  }
  await eventually(async () => await server.metric("sluice_edge_sessions") === 0, "no session");
});
