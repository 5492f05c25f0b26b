// Bad requests and bad cursors: the right refusal or an explicit gap, and nobody else notices.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { EventStream } from "./support/event_stream.js";
import { Publisher, toUser } from "./support/publisher.js";
import { exchange } from "./support/raw_http.js";
import { SluiceProcess } from "./support/sluice_process.js";

const EVENTS = "/v1/events?user=alice";

let server;
let publisher;
let witness;  // opened before everything else

before(async () => {
  server = await SluiceProcess.start(null, { settings: { EDGE_REQUEST_HEAD_TIMEOUT: "2s" } });
  publisher = new Publisher(null, server);
  witness = await EventStream.open(null, server, { user: "witness" });
});

after(async () => {
  witness.close();
  publisher.close();
  await server.kill();
});

const request = (line, ...headers) => [line, ...headers, "", ""].join("\r\n");
const get = (target, ...headers) => request(`GET ${target} HTTP/1.1`, "Host: localhost", ...headers);

const REFUSALS = [
  ["no Host", request(`GET ${EVENTS} HTTP/1.1`), [400]],
  ["two Hosts", get(EVENTS, "Host: localhost"), [400]],
  ["a foreign Host", request(`GET ${EVENTS} HTTP/1.1`, "Host: rebound.example"), [403]],
  ["HTTP/0.9", "GET /v1/events?user=alice\r\n\r\n", [400, 505]],
  ["HTTP/2.0", request(`GET ${EVENTS} HTTP/2.0`, "Host: localhost"), [400, 505]],
  ["HTTP/9.9", request(`GET ${EVENTS} HTTP/9.9`, "Host: localhost"), [400, 505]],
  ["bare LF", `GET ${EVENTS} HTTP/1.1\nHost: localhost\n\n`, [400, 408]],
  ["bare CR", `GET ${EVENTS} HTTP/1.1\rHost: localhost\r\n\r\n`, [400]],
  ["a folded line", get(EVENTS, "X: a", " folded"), [400]],
  ["a space before the colon", get(EVENTS, "X : a"), [400]],
  ["NUL in a header", get(EVENTS, "X: a\0b"), [400]],
  ["a control character in the target", get("/v1/events?user=a\x01"), [400]],
  ["a long header name", get(EVENTS, `${"x".repeat(2000)}: a`), [400, 431]],
  ["a head that is too large", get(EVENTS, `X: ${"x".repeat(16 << 10)}`), [431]],
  ["2,000 headers", get(EVENTS, ...Array.from({ length: 2000 }, (_, n) => `X${n}: a`)), [431]],
  ["a target of 64 KiB", get(`/${"x".repeat(64 << 10)}`), [414]],
  ["a broken escape", get("/v1/events?user=%zz"), [400]],
  ["no user", get("/v1/events"), [401]],
  ["a user with a control character", get("/v1/events?user=a%0d%0ab"), [400]],
  ["a user that is no UTF-8", get("/v1/events?user=%ff"), [400]],
  ["a user of 257 bytes", get(`/v1/events?user=${"a".repeat(257)}`), [400]],
  ["an empty topic", get(`${EVENTS}&topic=`), [400]],
  ["65 topics", get(EVENTS + "&topic=t".repeat(65)), [400]],
  ["an unknown from", get(`${EVENTS}&from=tomorrow`), [400]],
  ["another path", get("/v1/nothing"), [404]],
  ["two slashes", get("//v1/events?user=alice"), [404]],
  ["dots", get("/v1/../v1/events?user=alice"), [404]],
  ["POST", request(`POST ${EVENTS} HTTP/1.1`, "Host: localhost", "Content-Length: 0"), [405]],
  ["TRACE", request(`TRACE ${EVENTS} HTTP/1.1`, "Host: localhost"), [405]],
  ["CONNECT", request("CONNECT example:443 HTTP/1.1", "Host: localhost"), [400, 405]],
  ["GET with a body", `${get(EVENTS, "Content-Length: 4")}body`, [400]],
  ["chunked", `${get(EVENTS, "Transfer-Encoding: chunked")}0\r\n\r\n`, [400, 411]],
  ["xchunked", get(EVENTS, "Transfer-Encoding: xchunked"), [400, 411]],
  ["length and chunked", get(EVENTS, "Content-Length: 0", "Transfer-Encoding: chunked"), [400, 411]],
  ["a negative length", get(EVENTS, "Content-Length: -1"), [400]],
  ["a length with a plus", get(EVENTS, "Content-Length: +5"), [400]],
  ["a length in hexadecimal", get(EVENTS, "Content-Length: 0x5"), [400]],
  ["a length beyond 64 bits", get(EVENTS, "Content-Length: 99999999999999999999"), [400]],
  ["Expect", get(EVENTS, "Expect: 100-continue"), [417]],
  ["a foreign Origin", get(EVENTS, "Origin: https://evil.example"), [403]],
  ["Origin null", get(EVENTS, "Origin: null"), [403]],
  ["TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", [400]],
  ["half a head", "GET /v1/events?us", [408]],
];

for (const [name, bytes, statuses] of REFUSALS) {
  test(`${name}: ${statuses.join(" or ")}`, async () => {
    const { status, text } = await exchange(server.ports.http, Buffer.from(bytes, "latin1"));
    assert.ok(statuses.includes(status), text.slice(0, 300));
    const body = text.slice(text.indexOf("\r\n\r\n") + 4);
    const { error } = JSON.parse(body);
    assert.equal(typeof error.code, "string");
    assert.equal(typeof error.message, "string");
  });
}

const isLive = (text) => /event: (connected[^]*?)\n\n/.test(text) && (text.includes('"resumed":true') || text.includes("event: gap"));
const follow = (target, ...headers) => exchange(server.ports.http, Buffer.from(get(target, ...headers), "utf8"), isLive);

test("a cursor that cannot be resumed is a gap that says why", async () => {
  const [, id] = await publisher.publishAll([toUser("alice", "one"), toUser("alice", "two")]);
  const [epoch, sequence] = id.split("-");
  const cursors = [
    ["0", "invalid"], ["-", "invalid"], [epoch, "invalid"], [`${epoch}-`, "invalid"], [`${epoch}--1`, "invalid"],
    [`${epoch}-1.5`, "invalid"], [`${epoch}-01`, "invalid"], [`${epoch}-+1`, "invalid"], [`${epoch}-1e1`, "invalid"],
    [`${epoch}-9223372036854775808`, "invalid"], [`${epoch}-18446744073709551616`, "invalid"],
    [`${epoch}-${Number(sequence) + 1000}`, "invalid"], [`${epoch.toUpperCase()}x-1`, "invalid"],
    ["0-1", "epoch"], [`zzzzz-${sequence}`, "epoch"], ["earliest", "invalid"], ["漢", "invalid"], ["x".repeat(5000), "invalid"],
    ["a\r\nevent: evil", "invalid"], ["a\0b", "invalid"],
  ];
  for (const [cursor, reason] of cursors) {
    for (const name of ["last_event_id", "lastEventId"]) {
      const { status, text } = await follow(`${EVENTS}&${name}=${encodeURIComponent(cursor)}`);
      assert.equal(status, 200, `${name}=${cursor}`);
      assert.ok(text.includes(`event: gap\ndata: {"reason":"${reason}"`), `${name}=${cursor}: ${text}`);
      assert.ok(!text.includes("evil\n"), text);
    }
    // Control characters are no header value: there they are refused.
    if (/[\r\n\0]/.test(cursor)) continue;
    const { text } = await follow(EVENTS, `Last-Event-ID: ${cursor}`);
    assert.ok(text.includes(`event: gap\ndata: {"reason":"${reason}"`), `header ${cursor}: ${text}`);
  }
});

test("a cursor that can be resumed is, and the header wins over the query", async () => {
  const [first, second] = await publisher.publishAll([toUser("carl", "one"), toUser("carl", "two")]);
  const target = "/v1/events?user=carl";
  const resumedAfter = (id) => `id: ${id}\nevent: connected\ndata: {"status":"connected","userId":"carl","resumed":true}`;
  for (const [text, id] of [
    [(await follow(`${target}&last_event_id=${first}`)).text, first],
    [(await follow(`${target}&lastEventId=${first}`)).text, first],
    [(await follow(target, `Last-Event-ID: ${first}`)).text, first],
    [(await follow(`${target}&last_event_id=${second}`, `Last-Event-ID: ${first}`)).text, first],
    [(await follow(`${target}&last_event_id=nonsense`, `Last-Event-ID: ${second}`)).text, second],
    [(await follow(`${target}&from=earliest&last_event_id=${second}`)).text, second],
  ]) {
    assert.ok(text.includes(resumedAfter(id)), text);
  }
  const twice = await follow(target, `Last-Event-ID: ${first}`, `Last-Event-ID: ${second}`);
  assert.ok(twice.text.includes("event: gap"), twice.text);
});

test("afterwards the process lives, and the session from before still receives", async () => {
  assert.ok(server.isAlive, server.log);
  const id = await publisher.publish(toUser("witness", "still here"));
  assert.deepEqual(await witness.published(1), [{ id, event: undefined, data: "still here" }]);
  assert.ok(await server.metric("sluice_edge_handshakes_rejected_total") >= REFUSALS.length);
});
