// Property: whatever may be published comes out of eventsource-parser as it went in, one event for
// one event. The seed is printed; E2E_SEED=N repeats a run.
import assert from "node:assert/strict";
import { test } from "node:test";
import { EventStream } from "./support/event_stream.js";
import { Publisher, toTopic, toUser } from "./support/publisher.js";
import { Random } from "./support/random.js";
import { SluiceProcess } from "./support/sluice_process.js";

const EVENTS = 6000;
const MAX_DATA_BYTES = 64 << 10;

const PIECES = [
  "\r", "\n", "\r\n", "\n\n", "\r\r", "\0", "\u2028", "\u2029", "\u0085", "\ufeff", " ", "\t", ":", "a", "ä",
  "data:", "data: x", "id: 7", "event: gap", "retry: 1", ": comment", "\n\nevent: closing\ndata: {}\n\n",
  "{\"a\":\"\\n\"}", "漢字", "😀", "\u{10ffff}", "\ud7ff", "\ue000", "\uffff", "\x7f", "\x1b[31m", "=", "%0d%0a",
];
const TYPE_PIECES = ["a", "-", ".", " ", ":", "data:", "event", "ü", "😀", "\ufeff", "\u2028", "\t", "error", "open",
  "message", "%0a", "\x7f"];
const RESERVED = ["connected", "gap", "closing"];

// A line end in data is a line end to a browser, whichever was written. Source: HTML, 9.2.6.
const asReceived = (data) => data.replace(/\r\n|\r/g, "\n");

function randomData(random) {
  const pieces = Array.from({ length: random.below(12) }, () => random.pick(PIECES));
  return pieces.join("");
}

function randomType(random) {
  for (;;) {
    const type = Array.from({ length: random.below(4) }, () => random.pick(TYPE_PIECES)).join("");
    if (Buffer.byteLength(type) <= 64 && !RESERVED.includes(type)) return type;
  }
}

const EDGES = [
  ["", ""], ["error", ""], ["open", ""], ["message", ""], ["", " "], ["", "  two"], ["", "\n"], ["", "\r"], ["", "\r\n"],
  ["", "\n\r"], ["", "\ufeff"], ["", "\0"], ["t".repeat(64), "x"], ["", "x".repeat(MAX_DATA_BYTES)],
  ["", "\n".repeat(MAX_DATA_BYTES)], ["", "\r\n".repeat(MAX_DATA_BYTES / 2)], ["", "😀".repeat(MAX_DATA_BYTES / 4)],
  ["", "data: ".repeat(10_000)],
];

test("parse(serialize(event)) is the event, for thousands at random", async (t) => {
  const seed = Number(process.env.E2E_SEED ?? Date.now() % 1e9);
  t.diagnostic(`E2E_SEED=${seed}`);
  const random = new Random(seed);
  const events = [...EDGES, ...Array.from({ length: EVENTS }, () => [randomType(random), randomData(random)])];

  const server = await SluiceProcess.start(t);
  const publisher = new Publisher(t, server);
  const live = await EventStream.open(t, server, { user: "alice" });
  const ids = await publisher.publishAll(events.map(([type, data]) => toUser("alice", data, type)));
  const replayed = await EventStream.open(t, server, { user: "alice", from: "earliest" });

  for (const stream of [live, replayed]) {
    const received = await stream.published(events.length);
    assert.equal(received.length, events.length);
    received.forEach(({ id, event = "", data }, index) => {
      const [type, published] = events[index];
      assert.deepEqual({ id, event, data }, { id: ids[index], event: type, data: asReceived(published) });
    });
  }
});

test("an event of one line of a mebibyte comes whole, live and replayed", async (t) => {
  const server = await SluiceProcess.start(t, { settings: { GATEWAY_MAX_EVENT_BYTES: "1MiB" } });
  const publisher = new Publisher(t, server);
  const live = await EventStream.open(t, server, { user: "alice" });
  const line = "0123456789abcdef".repeat(1 << 16);
  const id = await publisher.publish(toUser("alice", line, "large"));
  await assert.rejects(publisher.publish(toUser("alice", `${line}x`)), /data/);
  const replayed = await EventStream.open(t, server, { user: "alice", from: "earliest" });
  for (const stream of [live, replayed]) {
    assert.deepEqual(await stream.published(1), [{ id, event: "large", data: line }]);
  }
});

const NAMES = [
  "*", ">", "a.b", "a b", " a ", ".", "..", "=", "=2E", "$SYS", "$JS.API.STREAM.DELETE.X", "_INBOX.x", "a/b", "a?b", "a#b",
  "a&user=b", "a=b", "a+b", "a%20b", "%", "%00", "\"", "'", "\\", "<script>", "{}", "null", "0", "-1", "ü", "u\u0308",
  "аlice", "alice", "ALICE", "alice ", "漢", "😀", "👩‍👩‍👧", "\u202eevil", "\ufeff", "\u2028", "\u200b", "\ue000", "\uffff",
  "\u{10ffff}", "x".repeat(256), "ü".repeat(128), "😀".repeat(64), "topic:news", "user", "alice\u00a0",
];

test("each user and each topic of any name has its own events alone", async (t) => {
  const server = await SluiceProcess.start(t);
  const publisher = new Publisher(t, server);
  const users = await Promise.all(NAMES.map((user) => EventStream.open(t, server, { user })));
  const topics = await Promise.all(NAMES.map((topic) =>
    EventStream.open(t, server, { user: "an observer", topic })));
  users.forEach((stream, index) => {
    assert.equal(JSON.parse(stream.arrivals.items[0].data).userId, NAMES[index]);
  });

  // Twice, so that the second of each proves that nothing came between.
  const requests = [1, 2].flatMap((round) => NAMES.flatMap((name, index) => [
    toUser(name, `user ${index} ${round}`), toTopic(name, `topic ${index} ${round}`)]));
  await publisher.publishAll(requests);
  for (const [kind, streams] of [["user", users], ["topic", topics]]) {
    for (const [index, stream] of streams.entries()) {
      const received = (await stream.published(2)).map(({ data }) => data);
      assert.deepEqual(received, [`${kind} ${index} 1`, `${kind} ${index} 2`], NAMES[index]);
    }
  }
});
