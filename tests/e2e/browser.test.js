// Chromium's own EventSource: restarts, cuts, other origins, the end of the server.
import assert from "node:assert/strict";
import { test } from "node:test";
import { BrowserEventSource, launchBrowser } from "./support/browser.js";
import { CutProxy } from "./support/cut_proxy.js";
import { servePages } from "./support/page_server.js";
import { Publisher, toTopic, toUser } from "./support/publisher.js";
import { SluiceProcess } from "./support/sluice_process.js";

const QUICK_RETRY = { EDGE_RETRY: "100ms" };
const EVENTS = "/v1/events?user=alice&topic=news";

test("after a cut the missed events come, each once, by Last-Event-ID alone", async (t) => {
  const server = await SluiceProcess.start(t, { settings: QUICK_RETRY });
  const publisher = new Publisher(t, server);
  const proxy = await CutProxy.start(t, server.ports.http);
  const browser = await launchBrowser(t);
  const source = await BrowserEventSource.open(browser, { origin: proxy.http, url: EVENTS });
  await source.count("connected", 1);

  const wanted = [];
  const publish = async (n) => wanted.push({
    event: "message", data: `${n}`, id: await publisher.publish(
      n % 2 ? toUser("alice", `${n}`) : toTopic("news", `${n}`)),
  });
  for (let round = 0; round < 3; round += 1) {
    for (let n = 0; n < 5; n += 1) await publish(10 * round + n);
    await source.count("message", wanted.length);
    const before = wanted.at(-1).id;
    proxy.break();
    for (let n = 5; n < 10; n += 1) await publish(10 * round + n);
    proxy.mend();
    assert.deepEqual(await source.count("message", wanted.length), wanted);
    const resumed = await source.count("connected", round + 2);
    assert.equal(resumed.at(-1).id, before);
    assert.equal(JSON.parse(resumed.at(-1).data).resumed, true);
    assert.match(proxy.connections.at(-1).head, new RegExp(`last-event-id: ${before}\r\n`, "i"));
  }
  assert.deepEqual(source.of("gap"), []);
});

test("whatever was published, Chromium fires one event for it, with what went in", async (t) => {
  const server = await SluiceProcess.start(t);
  const publisher = new Publisher(t, server);
  const browser = await launchBrowser(t);
  const published = [
    ["", ""], ["", " "], ["", "  two"], ["", "\n"], ["", "\r"], ["", "\r\n"], ["", "\n\r"], ["", "a\nb\rc\r\nd"],
    ["", "a\n\nevent: closing\ndata: {}\n\n"], ["", "\0"], ["", "\u2028\u2029\u0085"], ["", "\ufeff"], ["", "data:"],
    ["", "data: x"], ["", "id: 7"], ["", "retry: 1"], ["", ": comment"], ["", "漢字 😀 \u{10ffff} \x7f \x1b[31m"],
    ["", "x".repeat(64 << 10)], ["", "\r\n".repeat(1000)], ["message", "named"], ["error", "not an error"],
    ["open", "not an opening"], ["data: x", "type"], ["\ufeff\u2028 ü 😀", "type"], ["t".repeat(64), "type"],
  ];
  const types = [...new Set(published.map(([type]) => type || "message"))];
  const source = await BrowserEventSource.open(browser, {
    origin: server.http, url: EVENTS, types: types.filter((type) => type !== "error" && type !== "open"),
  });
  await source.count("connected", 1);
  const ids = [];
  for (const [type, data] of published) ids.push(await publisher.publish(toUser("alice", data, type)));
  const fired = (items) => items.filter(({ event, id }) => event !== "connected" && id !== undefined);
  await source.arrivals.until((items) => fired(items).length >= published.length, "every event");
  assert.deepEqual(fired(source.arrivals.items), published.map(([type, data], index) => (
    { event: type || "message", id: ids[index], data: data.replace(/\r\n|\r/g, "\n") })));
  assert.equal(source.of("open").filter(({ id }) => id === undefined).length, 1);
  assert.equal(source.of("error").filter(({ id }) => id === undefined).length, 0);
});

test("after a restart there is one gap (epoch), then what is live", async (t) => {
  const first = await SluiceProcess.start(t, { settings: QUICK_RETRY });
  const proxy = await CutProxy.start(t, first.ports.http);
  const browser = await launchBrowser(t);
  const source = await BrowserEventSource.open(browser, { origin: proxy.http, url: EVENTS });
  const [connected] = await source.count("connected", 1);
  const before = new Publisher(t, first);
  const lost = await before.publish(toUser("alice", "before"));
  await source.count("message", 1);
  before.close();
  assert.deepEqual(await first.stop(), { code: 0, signal: null });
  assert.equal((await source.count("closing", 1))[0].data, '{"reason":"shutdown"}');

  proxy.break();  // the port may be another's by now
  const second = await SluiceProcess.start(t, { settings: QUICK_RETRY });
  proxy.targetPort = second.ports.http;
  proxy.mend();
  const [gap] = await source.count("gap", 1);
  const { reason, requested, resumeAt } = JSON.parse(gap.data);
  assert.deepEqual({ reason, requested }, { reason: "epoch", requested: lost });
  assert.equal(gap.id, resumeAt);
  assert.notEqual(resumeAt.split("-")[0], connected.id.split("-")[0]);

  const id = await new Publisher(t, second).publish(toUser("alice", "after"));
  const messages = await source.count("message", 2);
  assert.deepEqual(messages[1], { event: "message", id, data: "after" });
  assert.equal(source.of("gap").length, 1);
});

test("the browser waits as long as retry: says", async (t) => {
  const server = await SluiceProcess.start(t, { settings: { EDGE_RETRY: "5s" } });
  const proxy = await CutProxy.start(t, server.ports.http);
  const browser = await launchBrowser(t);
  const source = await BrowserEventSource.open(browser, { origin: proxy.http, url: EVENTS });
  await source.count("connected", 1);
  const stream = proxy.connections.find(({ answer }) => answer.includes("text/event-stream"));
  const retry = Number(/retry: (\d+)/.exec(stream.answer)[1]);
  assert.ok(retry >= 3750 && retry <= 6250, `${retry}`);  // 5 s +-25 %, above Chromium's own 3 s
  const cutAt = performance.now();
  const known = proxy.connections.length;
  proxy.cut();
  await source.count("connected", 2);
  const waited = proxy.connections[known].at - cutAt;
  assert.ok(waited >= retry - 20, `came back after ${waited} ms, retry: ${retry}`);
});

test("another origin reads if it is allowed, and is refused otherwise", async (t) => {
  const port = await servePages(t);
  const server = await SluiceProcess.start(t, {
    settings: { ...QUICK_RETRY, EDGE_ALLOWED_ORIGINS: `http://127.0.0.1:${port}` },
  });
  const publisher = new Publisher(t, server);
  const proxy = await CutProxy.start(t, server.ports.http);
  const browser = await launchBrowser(t);

  const allowed = await BrowserEventSource.open(browser, {
    origin: `http://127.0.0.1:${port}`, url: `${proxy.http}${EVENTS}`,
  });
  await allowed.count("connected", 1);
  const first = await publisher.publish(toUser("alice", "one"));
  await allowed.count("message", 1);
  proxy.break();
  const second = await publisher.publish(toUser("alice", "two"));
  proxy.mend();
  const messages = await allowed.count("message", 2);
  assert.deepEqual(messages.map(({ id }) => id), [first, second]);

  const refused = await BrowserEventSource.open(browser, {
    origin: `http://localhost:${port}`, url: `${proxy.http}${EVENTS}`,
  });
  const [error] = await refused.count("error", 1);
  assert.equal(error.final, true);
  assert.deepEqual(refused.of("open", "connected"), []);
});

test("SIGTERM says closing shutdown to every session and exits with 0", async (t) => {
  const server = await SluiceProcess.start(t, { settings: { EDGE_RETRY: "5m" } });
  const browser = await launchBrowser(t);
  const sources = [];
  for (const user of ["alice", "bob", "carol"]) {
    const source = await BrowserEventSource.open(browser, {
      origin: server.http, url: `/v1/events?user=${user}`,
    });
    await source.count("connected", 1);
    sources.push(source);
  }
  assert.deepEqual(await server.stop("SIGTERM"), { code: 0, signal: null });
  for (const source of sources) {
    const [closing] = await source.count("closing", 1);
    assert.equal(closing.data, '{"reason":"shutdown"}');
  }
});
