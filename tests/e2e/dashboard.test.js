// The page of `sluice serve --demo`, as Chromium shows it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { launchBrowser } from "./support/browser.js";
import { CutProxy } from "./support/cut_proxy.js";
import { Publisher, toUser } from "./support/publisher.js";
import { SluiceProcess } from "./support/sluice_process.js";

const CHARTS = ["cpu", "memory", "network", "load", "rates", "sessions"];

async function openPage(t, { server, through, ...viewOptions } = {}) {
  server ??= await SluiceProcess.start(t, { flags: ["--demo"], settings: { EDGE_RETRY: "200ms" } });
  const browser = await launchBrowser(t);
  const page = await browser.newPage(viewOptions);
  page.complaints = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) page.complaints.push(message.text());
  });
  page.on("pageerror", (error) => page.complaints.push(String(error)));
  await page.goto((through ?? server).http);
  await page.waitForSelector("#dashboard-stream[data-state=live]");
  return { server, page };
}

const points = (page, chart) => page.$eval(`[data-chart=${chart}]`, (card) => Number(card.dataset.points));
const waitForPoints = (page, chart, least) => page.waitForFunction(
  ([name, count]) => Number(document.querySelector(`[data-chart=${name}]`)?.dataset.points) >= count, [chart, least]);
const eventIds = (page) => page.$$eval("#user-stream .event", (rows) => rows.map((row) => row.dataset.eventId));

async function publishInPage(page, { user, type = "notification", data }) {
  await page.fill("#publish-form [name=user]", user);
  await page.fill("#publish-form [name=type]", type);
  await page.fill("#publish-form [name=data]", data);
  const before = await page.$eval("#publish-result", (result) => result.dataset.eventId);
  await page.click("#publish-form [type=submit]");
  await page.waitForFunction((id) => document.querySelector("#publish-result").dataset.eventId !== id, before);
  return page.$eval("#publish-result", (result) => result.dataset.eventId);
}

test("charts fill, move, and are full at once for who comes later", async (t) => {
  const { server, page } = await openPage(t);
  for (const chart of CHARTS) await waitForPoints(page, chart, 6);
  const ink = await page.$$eval("canvas", (canvases) => canvases.map((canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return new Set(new Uint32Array(data.buffer)).size;
  }));
  assert.equal(ink.length, CHARTS.length);
  for (const colours of ink) assert.ok(colours > 3, `${colours} colours`);

  const had = await points(page, "cpu");
  const { page: late } = await openPage(t, { server });
  await waitForPoints(late, "cpu", had);
  assert.equal(await late.$eval("#dashboard-stream", (card) => card.dataset.gaps), "0");
  const delivery = await late.waitForFunction(
    () => /^[\d.]+ ms$/.test(document.querySelector("[data-field=delivery]").textContent));
  assert.ok(delivery);
  assert.deepEqual([...page.complaints, ...late.complaints], []);
});

test("a notification published in the page arrives in the page", async (t) => {
  const { page } = await openPage(t);
  const id = await publishInPage(page, { user: "alice", data: "<b>not markup</b>\nline two" });
  await page.waitForSelector(`[data-event-id="${id}"]`);
  assert.equal(await page.textContent(`[data-event-id="${id}"] .event-data`), "<b>not markup</b>\nline two");
  assert.equal(await page.textContent(`[data-event-id="${id}"] .event-type`), "notification");
  // A type that the page did not listen to yet, then one that the gateway refuses.
  const other = await publishInPage(page, { user: "alice", type: "order-update", data: "7" });
  await page.waitForSelector(`[data-event-id="${other}"]`);
  await page.fill("#publish-form [name=type]", "gap");
  // The browser itself writes an error to the console for a 400.
  const [response] = await Promise.all([
    page.waitForResponse((one) => one.url().endsWith("/demo/publish")), page.click("#publish-form [type=submit]")]);
  assert.equal(response.status(), 400);
  await page.waitForSelector("#publish-result[data-tone=warning]");
  assert.match(await page.textContent("#publish-result"), /type/);
});

test("cut and resume shows exactly what was missed", async (t) => {
  const { server, page } = await openPage(t);
  const publisher = new Publisher(t, server);
  const before = await publishInPage(page, { user: "alice", data: "before" });
  await page.waitForSelector(`[data-event-id="${before}"]`);
  await page.selectOption("[data-field=cut-seconds]", "2");
  await page.click("#user-stream [data-action=cut]");
  await page.waitForSelector("#user-stream[data-state=cut]");
  const missed = [];
  for (const n of [1, 2, 3]) missed.push(await publisher.publish(toUser("alice", `${n}`, "notification")));
  await publisher.publish(toUser("bob", "not for alice", "notification"));
  await page.waitForSelector('#user-stream .note[data-missed="3"]');
  assert.deepEqual(await eventIds(page), [...missed].reverse().concat(before));
  assert.deepEqual(await page.$$eval("#user-stream .event[data-missed]", (rows) =>
    rows.map((row) => row.dataset.eventId)), [...missed].reverse());
  const after = await publishInPage(page, { user: "alice", data: "after" });
  await page.waitForSelector(`[data-event-id="${after}"]`);
  assert.equal(await page.$eval("#user-stream", (card) => card.dataset.resumes), "1");
  assert.deepEqual(page.complaints, []);
});

test("a cut of the dashboard leaves no hole in the charts", async (t) => {
  const { page } = await openPage(t);
  await waitForPoints(page, "cpu", 3);
  await page.click("#dashboard-stream [data-action=cut]");
  await page.waitForSelector('#dashboard-stream[data-state=live][data-resumes="1"]');
  await waitForPoints(page, "cpu", 14);  // 5 s more of them than before
  assert.equal(await page.$eval("#dashboard-stream", (card) => card.dataset.gaps), "0");
});

test("after a restart the page says gap and draws anew", async (t) => {
  const server = await SluiceProcess.start(t, { flags: ["--demo"], settings: { EDGE_RETRY: "200ms" } });
  const proxy = await CutProxy.start(t, server.ports.http);
  const { page } = await openPage(t, { server, through: proxy });
  await waitForPoints(page, "cpu", 3);
  const epoch = await page.textContent("#dashboard-stream [data-field=epoch]");
  await server.stop();
  proxy.break();  // the port may be another's by now
  await page.waitForSelector("#dashboard-stream[data-state=reconnecting]");
  proxy.targetPort = (await SluiceProcess.start(t, { flags: ["--demo"] })).ports.http;
  proxy.mend();
  await page.waitForSelector('#dashboard-stream[data-state=live][data-gaps="1"]');
  assert.match(await page.textContent("#dashboard-stream [data-field=message]"), /Gap \(epoch\)/);
  await waitForPoints(page, "cpu", 3);
  assert.notEqual(await page.textContent("#dashboard-stream [data-field=epoch]"), epoch);
});

test("fits a phone, follows the colour scheme, is usable by keyboard and screen reader", async (t) => {
  const server = await SluiceProcess.start(t, { flags: ["--demo"] });
  const backgrounds = new Set();
  for (const colorScheme of ["light", "dark"]) {
    const { page } = await openPage(t, { server, colorScheme, viewport: { width: 360, height: 780 } });
    await waitForPoints(page, "cpu", 2);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
    backgrounds.add(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
    const nameless = await page.$$eval("input, select, textarea, button", (fields) =>
      fields.filter((field) => !field.labels?.length && !field.textContent.trim()).length);
    assert.equal(nameless, 0);
    assert.deepEqual(page.complaints, []);
  }
  assert.equal(backgrounds.size, 2);
});

test("pages of other origins cannot publish", async (t) => {
  const { server } = await openPage(t);
  const post = (headers) => fetch(`${server.http}/demo/publish`, {
    method: "POST", headers, body: JSON.stringify({ userId: "alice", event: { data: "x" } }),
  });
  assert.equal((await post({ Origin: "https://evil.example" })).status, 403);
  assert.equal((await post({ Origin: server.http })).status, 200);
  const policy = (await fetch(server.http)).headers.get("content-security-policy");
  assert.match(policy, /default-src 'none'/);
  assert.doesNotMatch(policy, /unsafe/);
});
