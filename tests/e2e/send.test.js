// From browsers to backends and back: what is sent is received by grpc-js, answered with Publish,
// and comes again when a backend dies.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test } from "node:test";
import { Client } from "@stomp/stompjs";
import WebSocket from "ws";
import { Arrivals, eventually } from "./support/arrivals.js";
import { JsonSocket } from "./support/json_socket.js";
import { Publisher, toUser } from "./support/publisher.js";
import { Receiver } from "./support/receiver.js";
import { SluiceProcess } from "./support/sluice_process.js";

test("a backend answers what browsers send", async (t) => {
  const server = await SluiceProcess.start(t);
  const publisher = new Publisher(t, server);
  const backend = await Receiver.open(t, server, { destination: "chat.*", group: "chat" });
  const browser = await JsonSocket.open(t, server, "alice");
  const began = Date.now();
  assert.equal((await browser.send("/app/chat.ask", '{"question":1}')).type, "ok");
  const [message] = await backend.messages.count(1);
  assert.equal(message.user_id, "alice");
  assert.equal(message.destination, "chat.ask");
  assert.equal(message.data, '{"question":1}');
  assert.equal(message.attempt, 1);
  assert.ok(Number(message.time) >= began && Number(message.time) <= Date.now(), `${message.time}`);
  await publisher.publish(toUser(message.user_id, '{"answer":2}', "answer"));
  backend.acknowledge(message.id);
  const [event] = await browser.untilEvents(1);
  assert.equal(event.event, "answer");
  assert.equal(event.data, '{"answer":2}');
  await eventually(async () => await server.metric("sluice_gateway_client_messages_settled_total",
    { result: "acknowledged" }) === 1, "the acknowledgement");
});

test("what a backend that dies has not acknowledged comes to another, in order", async (t) => {
  const server = await SluiceProcess.start(t);
  const browser = await JsonSocket.open(t, server, "alice");
  const first = await Receiver.open(t, server, { destination: "work", group: "g" });
  for (let n = 1; n <= 20; n += 1) {
    assert.equal((await browser.send("/app/work", `${n}`)).type, "ok");
  }
  const handled = [];
  for (let n = 1; n <= 5; n += 1) {
    const message = await first.messages.first(({ data }) => data === `${n}`);
    handled.push(message.data);
    if (n < 5) first.acknowledge(message.id);
  }
  // An acknowledgement is taken when the next message comes: a user's messages are one after the other.
  first.kill();
  const second = await Receiver.open(t, server, { destination: "work", group: "g" });
  for (let n = 5; n <= 20; n += 1) {
    const message = await second.messages.first(({ data }) => data === `${n}`);
    if (n === 5) assert.equal(message.attempt, 2);
    second.acknowledge(message.id);
  }
  assert.deepEqual(second.messages.items.map(({ data }) => data), Array.from({ length: 16 }, (_, i) => `${i + 5}`));
});

// Takes messages, prints their data, and acknowledges nothing.
const SILENT_BACKEND = `
  import { grpc, sluice } from "${new URL("./support/publisher.js", import.meta.url)}";
  const client = new sluice.v1.Gateway(process.argv[1], grpc.credentials.createInsecure());
  const call = client.Receive();
  call.on("data", ({ data }) => console.log(data));
  call.write({ open: { destination: "work", group: "g" } });`;

test("a backend whose process is killed leaves nothing behind", async (t) => {
  const server = await SluiceProcess.start(t);
  const browsers = await Promise.all(["alice", "bob", "carol"].map((user) => JsonSocket.open(t, server, user)));
  const printed = new Arrivals();
  const process = spawn("node", ["--input-type=module", "-e", SILENT_BACKEND, server.grpc]);
  t.after(() => process.kill("SIGKILL"));
  process.stdout.on("data", (bytes) => `${bytes}`.trim().split("\n").forEach((line) => printed.add(line)));
  for (const [i, browser] of browsers.entries()) {
    assert.equal((await browser.send("/app/work", `of ${i}`)).type, "ok");
    assert.equal((await browser.send("/app/work", `then ${i}`)).type, "ok");
  }
  await printed.count(3);  // one of each user: the next waits for the one before
  process.kill("SIGKILL");
  const backend = await Receiver.open(t, server, { destination: "work", group: "g" });
  for (let i = 0; i < 3; i += 1) {
    const first = await backend.messages.first(({ data }) => data === `of ${i}`);
    assert.equal(first.attempt, 2);
    backend.acknowledge(first.id);
    const second = await backend.messages.first(({ data }) => data === `then ${i}`);
    assert.equal(second.attempt, 1);
    backend.acknowledge(second.id);
  }
  assert.equal(printed.items.length, 3);
});

test("another group cannot take the same destinations", async (t) => {
  const server = await SluiceProcess.start(t);
  await Receiver.open(t, server, { destination: "chat.*", group: "a" });
  await assert.rejects(Receiver.open(t, server, { destination: "chat.send", group: "b" }),
    (error) => error.code === 9);  // FAILED_PRECONDITION
});

test("@stomp/stompjs sends along the demo's route, and to backends with a receipt", async (t) => {
  const server = await SluiceProcess.start(t, { flags: ["--demo"] });
  const reader = await JsonSocket.open(t, server, "bob", ["chat"]);
  const backend = await Receiver.open(t, server, { destination: "*", group: "all" });
  const client = new Client({
    webSocketFactory: () => new WebSocket(`${server.http.replace("http", "ws")}/v1/ws?user=alice`, ["v12.stomp"]),
    reconnectDelay: 0,
  });
  await new Promise((resolve, reject) => {
    client.onConnect = resolve;
    client.onStompError = reject;
    client.activate();
  });
  t.after(() => client.deactivate());
  const began = Date.now();
  client.publish({ destination: "/app/chat.sendMessage", body: '{"text":"hi"}' });
  client.publish({ destination: "/topic/chat", body: "as it is" });
  const [stamped, plain] = await reader.untilEvents(2);
  const { sender, time, data } = JSON.parse(stamped.data);
  assert.equal(stamped.channel, "topic:chat");
  assert.equal(sender, "alice");
  assert.deepEqual(data, { text: "hi" });
  assert.ok(time >= began && time <= Date.now(), `${time}`);
  assert.equal(plain.data, "as it is");

  const receipt = new Promise((resolve) => client.watchForReceipt("r1", resolve));
  client.publish({ destination: "/app/orders", body: "one", headers: { receipt: "r1" } });
  await receipt;
  const [message] = await backend.messages.count(1);
  assert.equal(message.data, "one");
  backend.acknowledge(message.id);
});
