// /metrics: well-formed for Prometheus, and its counters add up.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { eventually } from "./support/arrivals.js";
import { EventStream } from "./support/event_stream.js";
import { Publisher, toTopic, toUser } from "./support/publisher.js";
import { exchange } from "./support/raw_http.js";
import { SluiceProcess } from "./support/sluice_process.js";

const MANY = 100_000;

// Resolves to what `promtool check metrics` has to say about `text`, which is nothing if all is well.
function promtool(text) {
  return new Promise((resolve, reject) => {
    const check = execFile("promtool", ["check", "metrics"], (error, stdout, stderr) =>
      error?.code === "ENOENT" ? reject(error) : resolve((error ? "failed: " : "") + stdout + stderr));
    check.stdin.end(text);
  });
}

test("counters agree with what happened, and promtool has nothing to say", async (t) => {
  const server = await SluiceProcess.start(t);
  const publisher = new Publisher(t, server);
  const ROUND = 50;
  const streams = await Promise.all(["alice", "bob", "carol"].map((user) =>
    EventStream.open(t, server, { user, topic: "news" })));
  await publisher.publishAll(Array.from({ length: ROUND }, (_, n) => toTopic("news", `${n}`)));
  await publisher.publishAll(Array.from({ length: ROUND }, (_, n) => toUser("alice", `${n}`)));
  await publisher.publishAll(Array.from({ length: ROUND }, (_, n) => toUser("nobody", `${n}`)));
  await assert.rejects(publisher.publish(toUser("", "x")));
  await streams[0].published(2 * ROUND);
  await Promise.all(streams.slice(1).map((stream) => stream.published(ROUND)));
  const gap = await EventStream.open(t, server, { user: "dave", last_event_id: "old-1" });
  await gap.published(1);

  assert.equal(await server.metric("sluice_gateway_events_published_total", { result: "ok" }), 3 * ROUND);
  assert.equal(await server.metric("sluice_gateway_events_published_total", { result: "invalid_argument" }), 1);
  assert.equal(await server.metric("sluice_edge_events_delivered_total"), 4 * ROUND);
  assert.equal(await server.metric("sluice_edge_delivery_latency_seconds_count"), 4 * ROUND);
  assert.equal(await server.metric("sluice_edge_sessions"), 4);
  assert.equal(await server.metric("sluice_edge_gaps_total", { reason: "epoch" }), 1);

  for (const stream of [...streams, gap]) stream.close();
  await eventually(async () => (await server.metric("sluice_edge_sessions")) === 0, "the sessions to end");
  assert.equal(await server.metric("sluice_edge_sessions_opened_total"), 4);
  assert.equal(await server.metric("sluice_edge_sessions_closed_total"), 4);
  assert.equal(await server.metric("sluice_edge_sessions_closed_total", { reason: "client" }), 4);
  assert.equal(await server.metric("sluice_gateway_appends_in_flight"), 0);
  assert.equal(await promtool(await server.metrics()), "");
});

test("100,000 users, topics, types, paths, origins and agents leave the series as they were", async (t) => {
  const server = await SluiceProcess.start(t);
  const publisher = new Publisher(t, server);
  const series = async () => (await server.metrics()).split("\n").filter((line) => /^\w/.test(line)).length;
  const before = await series();
  const numbers = Array.from({ length: MANY / 2 }, (_, n) => n);
  await publisher.publishAll(numbers.flatMap((n) => [toUser(`user ${n}`, "x", `type ${n}`), toTopic(`topic ${n}`, "x", `kind ${n}`)]));
  let next = 0;
  const ask = async () => {
    for (let n = next++; n < MANY; n = next++) {
      const { status } = await exchange(server.ports.http, [`GET /path-${n}?user=u${n} HTTP/1.1`, "Host: localhost",
        `Origin: https://origin-${n}.example`, `User-Agent: agent/${n}`, "", ""].join("\r\n"),
      () => true, `127.0.1.${1 + n % 100}`);
      assert.equal(status, 404);
    }
  };
  await Promise.all(Array.from({ length: 64 }, ask));
  await Promise.all(numbers.slice(0, 40).map((n) => EventStream.open(t, server, { user: `user ${n}`, topic: `topic ${n}` })));
  assert.equal(await series(), before);
  assert.ok(before < 500, `${before}`);
  assert.equal(await server.metric("sluice_edge_handshakes_rejected_total", { reason: "not_found" }), MANY);
});

test("live, ready, and no metrics on the public port", async (t) => {
  const server = await SluiceProcess.start(t);
  for (const path of ["/livez", "/readyz"]) assert.equal((await fetch(server.admin + path)).status, 200);
  assert.equal((await fetch(`${server.http}/metrics`)).status, 404);
});
