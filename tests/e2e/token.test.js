// Tokens that another library signs, in every carrier, in a browser's hands, and over TLS.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { SignJWT, exportJWK, generateKeyPair } from "jose";
import { BrowserEventSource, launchBrowser } from "./support/browser.js";
import { EventStream } from "./support/event_stream.js";
import { servePages } from "./support/page_server.js";
import { Publisher, toTopic, toUser } from "./support/publisher.js";
import { SluiceProcess } from "./support/sluice_process.js";

const SECRET = "a secret of at least thirty-two octets";
const ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"];

const folderOf = (test) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "sluice-token-"));
  test.after(() => rmSync(folder, { recursive: true }));
  return folder;
};

const sign = (claims, { key = new TextEncoder().encode(SECRET), header = { alg: "HS256" }, lifetime = "1h" } = {}) =>
  new SignJWT({ sub: "alice", topics: ["news.*"], ...claims }).setProtectedHeader(header)
    .setIssuedAt().setExpirationTime(lifetime).sign(key);

const start = (t, settings = {}) =>
  SluiceProcess.start(t, { settings: { AUTH_SECRET: SECRET, EDGE_RETRY: "100ms", AUTH_LEEWAY: "0s", ...settings } });

const status = async (server, token) => {
  const answer = await fetch(`${server.http}/v1/events`, { headers: { Authorization: `Bearer ${token}` } });
  await answer.body.cancel();
  return answer.status;
};

test("tokens that jose signs are accepted with each algorithm, and no other key's", async (t) => {
  const keys = await Promise.all(ALGORITHMS.map(async (alg) => ({ alg, ...await generateKeyPair(alg) })));
  const jwks = { keys: await Promise.all(keys.map(async ({ alg, publicKey }) => (
    { ...await exportJWK(publicKey), kid: alg, alg, use: "sig" }))) };
  const file = path.join(folderOf(t), "keys.json");
  writeFileSync(file, JSON.stringify(jwks));
  const server = await start(t, { AUTH_SECRET: "", AUTH_JWKS_FILE: file });
  for (const { alg, privateKey } of keys) {
    assert.equal(await status(server, await sign({}, { key: privateKey, header: { alg, kid: alg } })), 200, alg);
    const stranger = await generateKeyPair(alg);
    assert.equal(await status(server, await sign({}, { key: stranger.privateKey, header: { alg, kid: alg } })), 401);
  }
  assert.equal(await server.metric("sluice_edge_auth_failures_total", { reason: "signature" }), ALGORITHMS.length);
});

test("a stream follows granted topics alone, and the token is in no log", async (t) => {
  const server = await start(t, { LOGGING_LEVEL: "debug" });
  const publisher = new Publisher(t, server);
  const token = await sign({});
  const stream = await EventStream.open(t, server, { topic: "news.sport", access_token: token });
  await publisher.publish(toTopic("news.other", "not for alice"));
  await publisher.publish(toTopic("news.sport", "topic"));
  await publisher.publish(toUser("alice", "user"));
  assert.deepEqual((await stream.published(2)).map(({ data }) => data), ["topic", "user"]);
  const refused = await fetch(`${server.http}/v1/events?topic=secret&access_token=${token}`);
  assert.equal(refused.status, 403);
  assert.ok(!server.log.includes(token.split(".")[2]) && !server.log.includes("not for alice"), server.log);
});

test("in a browser the cookie works on the edge's own pages, and the stream comes back after expiry", async (t) => {
  const server = await start(t);
  const publisher = new Publisher(t, server);
  const browser = await launchBrowser(t);
  const cookie = async (lifetime) => (
    { name: "sluice_token", value: await sign({}, { lifetime }), url: server.http, httpOnly: true, sameSite: "Lax" });
  const source = await BrowserEventSource.open(browser, {
    origin: server.http, url: "/v1/events?topic=news.sport", cookies: [await cookie("3s")],
  });
  const [connected] = await source.count("connected", 1);
  assert.equal(JSON.parse(connected.data).userId, "alice");
  const first = await publisher.publish(toTopic("news.sport", "one"));
  await source.count("message", 1);
  await source.page.context().addCookies([await cookie("1h")]);
  assert.deepEqual((await source.count("closing", 1)).map(({ data }) => data), ['{"reason":"expired"}']);
  const resumed = (await source.count("connected", 2))[1];
  assert.equal(resumed.id, first);
  assert.equal(JSON.parse(resumed.data).resumed, true);
  await publisher.publish(toUser("alice", "two"));
  assert.deepEqual((await source.count("message", 2)).map(({ data }) => data), ["one", "two"]);
});

test("in a browser a renewed stream goes on, from the edge's own page and from another's", async (t) => {
  const port = await servePages(t);
  const server = await start(t, { EDGE_ALLOWED_ORIGINS: `http://127.0.0.1:${port}` });
  const publisher = new Publisher(t, server);
  const browser = await launchBrowser(t);
  const brief = await sign({}, { lifetime: "4s" });
  const lasting = await sign({}, { lifetime: "1h" });
  const renew = async (source, headers) => {
    const { connectionId } = JSON.parse((await source.count("connected", 1))[0].data);
    return source.page.evaluate(async ([url, id, more]) => {
      const answer = await fetch(url, {
        method: "POST", headers: { "Content-Type": "application/json", ...more }, body: JSON.stringify({ connectionId: id }),
      });
      return { status: answer.status, body: await answer.json() };
    }, [`${server.http}/v1/token`, connectionId, headers]);
  };
  const witness = await BrowserEventSource.open(browser, { origin: server.http, url: `/v1/events?access_token=${brief}` });
  const own = await BrowserEventSource.open(browser, {
    origin: server.http, url: "/v1/events",
    cookies: [{ name: "sluice_token", value: brief, url: server.http, httpOnly: true, sameSite: "Lax" }],
  });
  const other = await BrowserEventSource.open(browser, {
    origin: `http://127.0.0.1:${port}`, url: `${server.http}/v1/events?access_token=${brief}`,
  });
  await own.page.context().addCookies(
    [{ name: "sluice_token", value: lasting, url: server.http, httpOnly: true, sameSite: "Lax" }]);
  const { exp } = JSON.parse(Buffer.from(lasting.split(".")[1], "base64url"));
  assert.deepEqual(await renew(own, {}), { status: 200, body: { expires: exp } });
  assert.deepEqual(await renew(other, { Authorization: `Bearer ${lasting}` }), { status: 200, body: { expires: exp } });
  await witness.count("closing", 1);  // the token is over
  await publisher.publish(toUser("alice", "later"));
  for (const source of [own, other]) {
    await source.count("message", 1);
    assert.deepEqual([source.of("closing"), source.of("connected").length], [[], 1]);
  }
});

test("an expired token is never an anonymous stream: the browser is refused for good", async (t) => {
  const server = await start(t);
  const browser = await launchBrowser(t);
  const source = await BrowserEventSource.open(browser, {
    origin: server.http, url: `/v1/events?access_token=${await sign({}, { lifetime: "2s" })}`,
  });
  await source.count("connected", 1);
  await source.count("closing", 1);
  await source.arrivals.until((items) => items.some(({ event, final }) => event === "error" && final), "the end");
  assert.equal(source.of("connected").length, 1);
  assert.equal(await server.metric("sluice_edge_sessions"), 0);
});

test("another origin's page: with credentials if it is allowed, never otherwise", async (t) => {
  const port = await servePages(t);
  const server = await start(t, { EDGE_ALLOWED_ORIGINS: `http://127.0.0.1:${port}` });
  const browser = await launchBrowser(t);
  const cookies = [{ name: "sluice_token", value: await sign({}), url: server.http }];
  const allowed = await BrowserEventSource.open(browser, {
    origin: `http://127.0.0.1:${port}`, url: `${server.http}/v1/events`, cookies, withCredentials: true,
  });
  await allowed.count("connected", 1);
  const foreign = [
    { origin: `http://localhost:${port}`, url: `${server.http}/v1/events`, cookies, withCredentials: true },
    { origin: `http://localhost:${port}`, url: `${server.http}/v1/events?access_token=${await sign({})}` },
    // Allowed, but the browser sends no cookie along.
    { origin: `http://127.0.0.1:${port}`, url: `${server.http}/v1/events`, cookies, withCredentials: false },
  ];
  for (const page of foreign) {
    const source = await BrowserEventSource.open(browser, page);
    const [error] = await source.count("error", 1);
    assert.equal(error.final, true);
    assert.deepEqual(source.of("connected"), []);
  }
  assert.equal(await server.metric("sluice_edge_sessions"), 1);
});

test("a foreign page opens no WebSocket, whatever cookie goes along; the edge's own and an allowed one do", async (t) => {
  const port = await servePages(t);
  const server = await start(t, { EDGE_ALLOWED_ORIGINS: `http://127.0.0.1:${port}` });
  const browser = await launchBrowser(t);
  const cookie = { name: "sluice_token", value: await sign({}), url: server.http };
  const firstOf = async (origin, protocols) => {
    const context = await browser.newContext();
    await context.addCookies([cookie]);
    const page = await context.newPage();
    await page.goto(`${origin}/livez`);
    return page.evaluate(([url, offered]) => new Promise((resolve) => {
      const socket = new WebSocket(url, offered);
      socket.onopen = () => offered.length > 0 && socket.send("CONNECT\naccept-version:1.2\n\n\0");
      socket.onmessage = ({ data }) => resolve(data);
      socket.onclose = ({ code }) => resolve(code);
    }), [`${server.http.replace("http", "ws")}/v1/ws`, protocols]);
  };
  for (const origin of [server.http, `http://127.0.0.1:${port}`]) {
    assert.equal(JSON.parse(await firstOf(origin, [])).userId, "alice");
    assert.match(await firstOf(origin, ["v12.stomp"]), /^CONNECTED\n[^]*\nuser-name:alice\n/);
  }
  for (const protocols of [[], ["v12.stomp"]]) {
    assert.equal(await firstOf(`http://localhost:${port}`, protocols), 1006);
  }
});

test("over TLS the browser streams, and goes on while the certificate is replaced", async (t) => {
  const folder = folderOf(t);
  const [cert, key] = ["cert.pem", "key.pem"].map((name) => path.join(folder, name));
  const renew = () => execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt",
    "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=localhost",
    "-addext", "subjectAltName=IP:127.0.0.1"], { stdio: "ignore" });
  renew();
  const server = await start(t, { EDGE_TLS_CERT_FILE: cert, EDGE_TLS_KEY_FILE: key });
  const publisher = new Publisher(t, server);
  const browser = await launchBrowser(t);
  const origin = server.http.replace("http:", "https:");
  const source = await BrowserEventSource.open(browser, {
    origin, url: "/v1/events",
    cookies: [{ name: "sluice_token", value: await sign({}), url: origin, secure: true }],
  });
  await source.count("connected", 1);
  renew();
  process.kill(server.pid, "SIGHUP");
  for (let n = 0; n < 5; n += 1) await publisher.publish(toUser("alice", `${n}`));
  assert.deepEqual((await source.count("message", 5)).map(({ data }) => data), ["0", "1", "2", "3", "4"]);
  assert.equal(source.of("connected").length, 1);
});
