// STOMP clients that others wrote, over WebSocket.
import assert from "node:assert/strict";
import { test } from "node:test";
import { SignJWT } from "jose";
import { eventually } from "./support/arrivals.js";
import { CutProxy } from "./support/cut_proxy.js";
import { Publisher, toTopic, toUser } from "./support/publisher.js";
import { Receiver } from "./support/receiver.js";
import { SluiceProcess } from "./support/sluice_process.js";
import { libraries, openStomp } from "./support/stomp_clients.js";

const SECRET = "a secret of at least thirty-two octets";

const sign = (claims) => new SignJWT(claims).setProtectedHeader({ alg: "HS256" }).setExpirationTime("1h")
  .sign(new TextEncoder().encode(SECRET));

const idAndBody = ({ id, body }) => ({ id, body });

for (const library of Object.keys(libraries)) {
  test(`${library} hears what a backend publishes, and has a receipt for what it asks`, async (t) => {
    const server = await SluiceProcess.start(t);
    const publisher = new Publisher(t, server);
    const client = openStomp(t, library, server.http, { user: "alice" });
    const { "user-name": user, "last-event-id": head, version } = await client.connected();
    assert.equal(user, "alice");
    assert.match(head, /^[0-9a-z]+-\d+$/);
    assert.match(version, /^1\.[12]$/);
    // The older two neither write nor read the escapes of STOMP 1.1.
    const topic = library === "@stomp/stompjs" ? "a.b:c" : "a.b.c";
    await client.subscribed(`/topic/${topic}`);
    await client.subscribed("/user/queue/order-update");
    const wanted = [];
    for (const [request, destination] of [
      [toUser("alice", "no type"), null],  // of another type than is asked for
      [toTopic(topic, '{"text":"grüße\\n"}\n', "note"), `/topic/${topic}`],
      [toUser("bob", "not hers", "order-update"), null],
      [toUser("alice", "seven", "order-update"), "/user/queue/order-update"],
      [toTopic("a.b", "another topic"), null],
      [toTopic(topic, ""), `/topic/${topic}`],
    ]) {
      const id = await publisher.publish(request);
      const { type, data: body } = request.event;
      if (destination) wanted.push({ command: "MESSAGE", id, destination, type: type || undefined, body });
    }
    const plain = (await client.received(wanted.length))
      .map(({ command, id, destination, type, body }) => ({ command, id, destination, type, body }));
    assert.deepEqual(plain, wanted);
    await client.close();
    await eventually(() => server.metric("sluice_edge_sessions_closed_total", { reason: "client", protocol: "stomp" }),
      "the end of the session");
  });

  test(`${library} resumes each subscription after its last event, and misses nothing over cuts`, async (t) => {
    const server = await SluiceProcess.start(t);
    const publisher = new Publisher(t, server);
    const proxy = await CutProxy.start(t, server.ports.http);
    const destinations = ["/topic/news", "/user/queue/n"];
    const client = openStomp(t, library, proxy.http, {
      user: "alice",
      onConnected: (self) => {
        for (const destination of destinations) {
          const last = self.lastId(destination);
          self.subscribe(destination, { receipt: destination, ...(last && { "last-event-id": last }) });
        }
      },
    });
    await client.heard.until(() => client.of("RECEIPT").length === 2, "both subscriptions");
    const wanted = { "/topic/news": [], "/user/queue/n": [] };
    for (let n = 0; n < 30; n += 1) {
      if (n % 10 === 8) proxy.break();
      const [target, destination] = n % 2 ? [toUser, "/user/queue/n"] : [toTopic, "/topic/news"];
      const id = await publisher.publish(target(n % 2 ? "alice" : "news", `${n}`, "n"));
      wanted[destination].push({ id, body: `${n}` });
      // A destination whose first event has not come yet has no cursor, so not before those.
      if (n === 1 || n % 10 === 3) {
        proxy.mend();
        await client.received(n + 1);
      }
    }
    proxy.mend();
    await client.received(30);
    for (const destination of destinations) {
      assert.deepEqual(client.messages.filter((item) => item.destination === destination).map(idAndBody),
        wanted[destination]);
    }
    assert.ok(client.heard.items.filter((item) => item.connected).length > 2);
    assert.equal(await server.metric("sluice_edge_gaps_total"), 0);
  });

  test(`${library} is told that what it missed cannot be had`, async (t) => {
    const server = await SluiceProcess.start(t);
    const client = openStomp(t, library, server.http, { user: "alice" });
    const { "last-event-id": head } = await client.connected();
    await client.subscribed("/topic/news", { "last-event-id": "0-1" });
    const [gap] = await client.received(1);
    assert.deepEqual([gap.type, gap.destination, gap.id], ["gap", "/topic/news", head]);
    assert.deepEqual(JSON.parse(gap.body), { reason: "epoch", requested: "0-1", resumeAt: head });
  });

  test(`${library} gets ERROR for a topic that its token does not grant; others go on`, async (t) => {
    const server = await SluiceProcess.start(t, { settings: { AUTH_SECRET: SECRET } });
    const publisher = new Publisher(t, server);
    const headers = { Authorization: `Bearer ${await sign({ sub: "alice", topics: ["news.*"] })}` };
    const witness = openStomp(t, library, server.http, { headers });
    const client = openStomp(t, library, server.http, { headers });
    for (const each of [witness, client]) {
      await each.connected();
      await each.subscribed("/topic/news.sport");
    }
    client.subscribe("/topic/secret", { receipt: "r1" });
    const error = await client.heard.first(({ command }) => command === "ERROR");
    assert.deepEqual([error.message, error.receipt], ["the destination is not granted", "r1"]);
    assert.equal((await client.heard.first((item) => item.closed)).closed, 1002);
    await publisher.publish(toTopic("secret", "hidden"));
    await publisher.publish(toTopic("news.sport", "open"));
    assert.deepEqual((await witness.received(1)).map(({ body }) => body), ["open"]);
    assert.deepEqual(client.messages, []);
  });

  test(`${library} sends to backends and along routes, also more than a frame of WebSocket takes`, async (t) => {
    const server = await SluiceProcess.start(t, { flags: ["--demo"] });  // which has a route
    const backend = await Receiver.open(t, server, { destination: "orders.*", group: "orders" });
    const client = openStomp(t, library, server.http, { user: "alice" });
    await client.connected();
    await client.subscribed("/topic/chat");
    client.send("/app/chat.sendMessage", '{"text":"grüße"}', { receipt: "s1" });
    await client.heard.first((item) => item.receipt === "s1");
    const { time, ...rest } = JSON.parse((await client.received(1))[0].body);
    assert.deepEqual(rest, { sender: "alice", data: { text: "grüße" } });
    assert.equal(typeof time, "number");
    const large = "ü".repeat(30_000);  // stompjs sends it in pieces
    client.send("/app/orders.new", large, { receipt: "s2" });
    await client.heard.first((item) => item.receipt === "s2");
    const [{ user_id: user, destination, data }] = await backend.messages.count(1);
    assert.deepEqual([user, destination, data === large], ["alice", "orders.new", true]);
    client.send("/app/", "x", { receipt: "s3" });
    assert.equal((await client.heard.first(({ command }) => command === "ERROR")).receipt, "s3");
  });

  test(`${library} is refused with ERROR when its token is not accepted`, async (t) => {
    const server = await SluiceProcess.start(t, { settings: { AUTH_SECRET: SECRET } });
    const client = openStomp(t, library, server.http, { headers: { Authorization: "Bearer x.y.z" } });
    const { message } = await client.heard.first(({ command }) => command === "ERROR");
    assert.match(message, /token/);
    assert.ok(await server.metric("sluice_edge_auth_failures_total", { reason: "malformed" }) > 0);
  });
}

test("both sides beat, and nobody is cut for silence", async (t) => {
  const server = await SluiceProcess.start(t);
  const publisher = new Publisher(t, server);
  const clients = Object.keys(libraries).map((library) => openStomp(t, library, server.http, { user: "alice" }));
  for (const client of clients) {
    await client.connected();
    await client.subscribed("/user/queue");
  }
  // Two of the server's are further apart than one of the client's.
  const beats = (client) => client.heard.items.filter((item) => item.beat).length;
  for (const client of clients) await client.heard.until(() => beats(client) >= 2, "two heart-beats");
  await publisher.publish(toUser("alice", "still here"));
  for (const client of clients) {
    assert.equal((await client.received(1))[0].body, "still here");
    assert.ok(!client.heard.items.some((item) => item.closed));
  }
});
