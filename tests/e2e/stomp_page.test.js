// The examples of docs/stomp-front-ends.md do what the page says.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { Client } from "@stomp/stompjs";
import { SignJWT } from "jose";
import WebSocket from "ws";
import { Arrivals } from "./support/arrivals.js";
import { CutProxy } from "./support/cut_proxy.js";
import { Publisher, toTopic, toUser } from "./support/publisher.js";
import { SluiceProcess, repository } from "./support/sluice_process.js";

const SECRET = "a secret of at least thirty-two octets";
const page = readFileSync(path.join(repository, "docs/stomp-front-ends.md"), "utf8");
const examples = [...page.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code);

// Runs example `number` against `http`; resolves to what it shows, as [kind, text].
function run(t, number, http, token = "") {
  const code = examples[number].replace(/^import .*$/m, "").replaceAll("ws://localhost:8080", http.replace("http", "ws"));
  const shown = new Arrivals();
  const client = new Function("Client", "show", "token", `${code}; return client;`)(
    Client, (...what) => shown.add(what), token);
  t.after(() => client.deactivate());
  return shown;
}

test.before(() => { globalThis.WebSocket ??= WebSocket; });

test("the first: a token in CONNECT, a topic and a type", async (t) => {
  const server = await SluiceProcess.start(t, { settings: { AUTH_SECRET: SECRET } });
  const publisher = new Publisher(t, server);
  const sign = (topics) => new SignJWT({ sub: "alice", topics }).setProtectedHeader({ alg: "HS256" })
    .setExpirationTime("1h").sign(new TextEncoder().encode(SECRET));
  const shown = run(t, 0, server.http, await sign(["news"]));
  // Nothing says when it has subscribed.
  for (let n = 0; shown.items.length === 0; n += 1) {
    await publisher.publish(toTopic("news", "Hello"));
    await new Promise((resolve) => { setTimeout(resolve, 20); });
    assert.ok(n < 500);
  }
  await publisher.publish(toUser("alice", '{"orderId":7}', "order-update"));
  assert.deepEqual(shown.items[0], ["news", "Hello"]);
  assert.deepEqual(await shown.first(([kind]) => kind === "order"), ["order", { orderId: 7 }]);
  const refused = run(t, 0, server.http, await sign([]));
  assert.deepEqual(await refused.first(() => true), ["refused", "the destination is not granted"]);
});

test("the second: what is sent along a route comes back stamped", async (t) => {
  const server = await SluiceProcess.start(t, { flags: ["--demo"] });
  const before = Date.now();
  const shown = run(t, 1, server.http);
  await shown.count(2);
  assert.deepEqual(shown.items.find(([kind]) => kind === "stored"), ["stored"]);
  const [, line, time] = shown.items.find(([kind]) => kind === "chat");
  assert.equal(line, "alice: Hello");
  assert.ok(time >= before - 1 && time <= Date.now() + 1);
});

test("the third: everything from the earliest, once, over cuts, and a gap", async (t) => {
  const [server, another] = [await SluiceProcess.start(t), await SluiceProcess.start(t)];
  const publisher = new Publisher(t, server);
  const proxy = await CutProxy.start(t, server.ports.http);
  await publisher.publish(toTopic("news", "0"));
  await publisher.publish(toUser("alice", "0", "n"));
  const shown = run(t, 2, proxy.http);
  await shown.count(2);
  for (let n = 1; n <= 5; n += 1) {
    proxy.break();
    await publisher.publish(toTopic("news", `${n}`));
    await publisher.publish(toUser("alice", `${n}`, "n"));
    proxy.mend();
    await shown.count(2 + 2 * n);
  }
  for (const kind of ["news", "n"]) {
    assert.deepEqual(shown.items.filter((item) => item[0] === kind).map(([, text]) => text), ["0", "1", "2", "3", "4", "5"]);
  }
  proxy.targetPort = another.ports.http;
  proxy.cut();
  await shown.count(14);
  assert.deepEqual(shown.items.slice(12), [["gap", "epoch"], ["gap", "epoch"]]);
});
