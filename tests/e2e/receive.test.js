// SSE clients that others wrote: curl, npm eventsource, @microsoft/fetch-event-source.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test } from "node:test";
import { EventSource } from "eventsource";
import { Arrivals } from "./support/arrivals.js";
import { CutProxy } from "./support/cut_proxy.js";
import { Publisher, toTopic, toUser } from "./support/publisher.js";
import { SluiceProcess } from "./support/sluice_process.js";

// fetch-event-source was written for browsers alone.
globalThis.window = globalThis;
globalThis.document = Object.assign(new EventTarget(), { hidden: false });
const { fetchEventSource } = await import("@microsoft/fetch-event-source");

const RETRY = { EDGE_RETRY: "50ms" };

test("curl -N shows each event as it comes", async (t) => {
  const server = await SluiceProcess.start(t);
  const publisher = new Publisher(t, server);
  const output = new Arrivals();
  let text = "";
  const curl = spawn("curl", ["-sN", `${server.http}/v1/events?user=alice`]);
  t.after(() => curl.kill());
  curl.stdout.on("data", (bytes) => output.add((text += bytes)));
  await output.first((soFar) => soFar.includes("event: connected\n"));
  const id = await publisher.publish(toUser("alice", '{"orderId":7}', "order-update"));
  await output.first((soFar) => soFar.endsWith(`id: ${id}\nevent: order-update\ndata: {"orderId":7}\n\n`));
  assert.match(text, /^retry: \d+\n\nid: [0-9a-z]+-\d+\nevent: connected\n/);
});

test("curl resumes with the header Last-Event-ID", async (t) => {
  const server = await SluiceProcess.start(t);
  const publisher = new Publisher(t, server);
  const [first, second] = await publisher.publishAll([toUser("alice", "one"), toUser("alice", "two")]);
  const output = new Arrivals();
  let text = "";
  const curl = spawn("curl", ["-sN", "-H", `Last-Event-ID: ${first}`, `${server.http}/v1/events?user=alice`]);
  t.after(() => curl.kill());
  curl.stdout.on("data", (bytes) => output.add((text += bytes)));
  await output.first((soFar) => soFar.includes("data: two\n\n"));
  assert.ok(text.includes(`id: ${first}\nevent: connected\n`), text);
  assert.ok(text.includes('"resumed":true'), text);
  assert.ok(text.endsWith(`id: ${second}\ndata: two\n\n`), text);
  assert.ok(!text.includes("data: one"), text);
});

// Publishes 1..30 while the connection is cut now and then; the client must see each once, in order.
async function publishThroughCuts({ publisher, proxy, arrivals }) {
  const wanted = [];
  for (let n = 1; n <= 30; n += 1) {
    if (n % 10 === 0) proxy.break();
    const target = n % 2 ? toUser("alice", `${n}`, "n") : toTopic("news", `${n}`, "n");
    wanted.push({ id: await publisher.publish(target), data: `${n}` });
    if (n % 10 === 5) {
      proxy.mend();
      await arrivals.until((items) => items.at(-1)?.data === `${n}`, `event ${n}`);
    }
  }
  proxy.mend();
  await arrivals.until((items) => items.at(-1)?.data === "30", "event 30");
  assert.deepEqual(arrivals.items, wanted);
}

test("npm eventsource misses nothing and doubles nothing over cuts", async (t) => {
  const server = await SluiceProcess.start(t, { settings: RETRY });
  const publisher = new Publisher(t, server);
  const proxy = await CutProxy.start(t, server.ports.http);
  const arrivals = new Arrivals();
  const connected = new Arrivals();
  const source = new EventSource(`${proxy.http}/v1/events?user=alice&topic=news`);
  t.after(() => source.close());
  source.addEventListener("connected", ({ data }) => connected.add(JSON.parse(data)));
  source.addEventListener("gap", ({ data }) => arrivals.add({ gap: data }));
  source.addEventListener("n", ({ lastEventId, data }) => arrivals.add({ id: lastEventId, data }));
  await connected.count(1);
  await publishThroughCuts({ publisher, proxy, arrivals });
  assert.deepEqual(connected.items[0], { status: "connected", userId: "alice", resumed: false });
  assert.ok(connected.items.length > 1);
  assert.ok(connected.items.slice(1).every(({ resumed }) => resumed));
});

test("fetch-event-source misses nothing and doubles nothing over cuts", async (t) => {
  const server = await SluiceProcess.start(t, { settings: RETRY });
  const publisher = new Publisher(t, server);
  const proxy = await CutProxy.start(t, server.ports.http);
  const arrivals = new Arrivals();
  const connected = new Arrivals();
  const ended = new AbortController();
  const finished = fetchEventSource(`${proxy.http}/v1/events?user=alice&topic=news`, {
    signal: ended.signal,
    openWhenHidden: true,
    fetch: globalThis.fetch,
    onmessage: ({ event, id, data }) => {
      if (event === "connected") connected.add(JSON.parse(data));
      else if (event) arrivals.add(event === "n" ? { id, data } : { event, id, data });
    },
    onclose: () => { throw new Error("ended"); },  // makes it come back
    onerror: () => 50,
  });
  t.after(async () => {
    ended.abort();
    await finished;
  });
  await connected.count(1);
  await publishThroughCuts({ publisher, proxy, arrivals });
  assert.ok(connected.items.slice(1).every(({ resumed }) => resumed));
});
