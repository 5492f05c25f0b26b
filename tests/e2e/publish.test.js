// Backends in Node and Python publish; what they are told and what a browser would see agree.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { EventStream } from "./support/event_stream.js";
import { Publisher, grpc, loadProto, toTopic, toUser } from "./support/publisher.js";
import { SluiceProcess, repository } from "./support/sluice_process.js";

const run = promisify(execFile);
const here = fileURLToPath(new URL(".", import.meta.url));

async function startWithAlice(t) {
  const server = await SluiceProcess.start(t);
  const publisher = new Publisher(t, server);
  const alice = await EventStream.open(t, server, { user: "alice", topic: "news" });
  return { server, publisher, alice };
}

const ids = (events) => events.map(({ id }) => id);
const data = (events) => events.map((event) => event.data);
const sequence = (id) => Number(id.split("-")[1]);

test("Publish answers with the id that the browser sees", async (t) => {
  const { publisher, alice } = await startWithAlice(t);
  const id = await publisher.publish(toUser("alice", '{"n":1}', "order"));
  assert.deepEqual(await alice.published(1), [{ id, event: "order", data: '{"n":1}' }]);
});

test("Publish to nobody online is stored all the same", async (t) => {
  const { server, publisher } = await startWithAlice(t);
  const id = await publisher.publish(toUser("bob", "later"));
  const bob = await EventStream.open(t, server, { user: "bob", from: "earliest" });
  assert.deepEqual(ids(await bob.published(1)), [id]);
});

test("PublishBatch stores in order and answers for each", async (t) => {
  const { publisher, alice } = await startWithAlice(t);
  const results = await publisher.publishBatch([
    toUser("alice", "one"), toUser("", "nobody"), toTopic("news", "two"), toUser("alice", "x", "gap"),
    toUser("alice", "three"),
  ]);
  assert.deepEqual(results.map(({ code }) => code), [0, 3, 0, 3, 0]);
  assert.match(results[1].message, /user_id/);
  assert.match(results[3].message, /type/);
  const events = await alice.published(3);
  assert.deepEqual(data(events), ["one", "two", "three"]);
  assert.deepEqual(ids(events), [0, 2, 4].map((index) => results[index].response.event_id));
});

test("PublishStream answers in the order of the requests", async (t) => {
  const { publisher, alice } = await startWithAlice(t);
  const requests = Array.from({ length: 500 }, (_, n) => toUser("alice", `${n}`));
  const results = await publisher.publishStream(requests);
  assert.equal(results.length, 500);
  assert.ok(results.every(({ code }) => code === 0));
  const sequences = results.map(({ response }) => sequence(response.event_id));
  assert.deepEqual(sequences, [...sequences].sort((a, b) => a - b));
  const events = await alice.published(500);
  assert.deepEqual(data(events), requests.map(({ event }) => event.data));
  assert.deepEqual(ids(events), results.map(({ response }) => response.event_id));
});

test("a retry with the same idempotency key stores once", async (t) => {
  const { publisher, alice } = await startWithAlice(t);
  const request = { user_id: "alice", event: { data: "once", idempotency_key: "order-7" } };
  const first = await publisher.publishForResponse(request);
  const second = await publisher.publishForResponse(request);
  assert.deepEqual([first.duplicate, second.duplicate], [false, true]);
  assert.equal(second.event_id, first.event_id);
  await publisher.publish(toUser("alice", "after"));
  assert.deepEqual(data(await alice.published(2)), ["once", "after"]);
});

test("what is out of its limits is INVALID_ARGUMENT and names the field", async (t) => {
  const { publisher, server } = await startWithAlice(t);
  const refused = [
    [{ event: { data: "x" } }, /user_id|topic|target/],
    [toUser("", "x"), /user_id/],
    [toUser("a".repeat(257), "x"), /user_id/],
    [toTopic("line\nbreak", "x"), /topic/],
    [toUser("alice", "x", "a".repeat(65)), /type/],
    [toUser("alice", "x", "cr\rlf"), /type/],
    [toUser("alice", "x", "connected"), /type/],
    [toUser("alice", "x".repeat((64 << 10) + 1)), /data/],
    [{ user_id: "alice" }, /event/],
  ];
  for (const [request, names] of refused) {
    await assert.rejects(publisher.publish(request),
      (error) => error.code === grpc.status.INVALID_ARGUMENT && names.test(error.details),
      JSON.stringify(request).slice(0, 80));
  }
  assert.ok(server.isAlive);
});

test("Python's grpcio publishes", async (t) => {
  const { server, alice } = await startWithAlice(t);
  // Debian's interpreter is the one that python3-grpcio is installed for.
  const { stdout } = await run("/usr/bin/python3",
    [path.join(here, "publish.py"), path.join(repository, "proto"), server.grpc]);
  const published = JSON.parse(stdout);
  const events = await alice.published(4);
  assert.deepEqual(data(events), ["unary ü", "batch 1", "batch 2", "stream"]);
  assert.deepEqual(ids(events), published);
});

test("health says SERVING and NOT_FOUND, reflection lists the service", async (t) => {
  const { server } = await startWithAlice(t);
  const { Health } = loadProto("grpc/health/v1/health.proto").grpc.health.v1;
  const health = new Health(server.grpc, grpc.credentials.createInsecure());
  t.after(() => health.close());
  const check = (service) => new Promise((resolve) => {
    health.Check({ service }, (error, response) => resolve(error ? error.code : response.status));
  });
  assert.equal(await check(""), "SERVING");
  assert.equal(await check("sluice.v1.Gateway"), "SERVING");
  assert.equal(await check("no.such.Service"), grpc.status.NOT_FOUND);

  const { ServerReflection } = loadProto("reflection.proto", path.join(here, "support")).grpc.reflection.v1alpha;
  const reflection = new ServerReflection(server.grpc, grpc.credentials.createInsecure());
  t.after(() => reflection.close());
  const call = reflection.ServerReflectionInfo();
  const answer = new Promise((resolve, reject) => {
    call.on("data", resolve);
    call.on("error", reject);
  });
  call.write({ list_services: "" });
  call.end();
  const services = (await answer).list_services_response.service.map(({ name }) => name);
  assert.ok(services.includes("sluice.v1.Gateway"), services.join());
  assert.ok(services.includes("grpc.health.v1.Health"), services.join());
});
