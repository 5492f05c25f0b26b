// The chat of `sluice serve --demo`, in Chromium: STOMP from page to page.
import assert from "node:assert/strict";
import { test } from "node:test";
import { launchBrowser } from "./support/browser.js";
import { CutProxy } from "./support/cut_proxy.js";
import { Publisher, toTopic } from "./support/publisher.js";
import { SluiceProcess } from "./support/sluice_process.js";

const startDemo = (t) => SluiceProcess.start(t, { flags: ["--demo"] });

// A page on which `name` has joined the chat of `server`, which may be a proxy.
async function join(t, browser, server, name, { prepare = () => {}, ...viewOptions } = {}) {
  const context = await browser.newContext(viewOptions);  // names are of a tab; nothing else is shared
  t.after(() => context.close());
  const page = await context.newPage();
  page.complaints = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) page.complaints.push(message.text());
  });
  page.on("pageerror", (error) => page.complaints.push(String(error)));
  await prepare(page);
  await page.goto(`${server.http}/chat`);
  await page.fill("#chat-join [name=name]", name);
  await page.click("#chat-join button");
  await page.waitForSelector("#chat[data-state=live]");
  return page;
}

async function say(page, text) {
  await page.fill("#chat-text", text);
  await page.press("#chat-text", "Enter");
}

const said = (page) => page.$$eval("#chat-log .said", (rows) => rows.map((row) => ({
  id: row.dataset.eventId, sender: row.dataset.sender, text: row.querySelector(".said-text").textContent,
  own: row.dataset.own === "true", missed: row.dataset.missed === "true",
})));

// Resolves to what `page` shows once it shows `count` messages.
async function saidOnce(page, count) {
  await page.waitForFunction((least) => document.querySelectorAll("#chat-log .said").length >= least, count);
  return said(page);
}

test("two pages read each other in one order, and who comes later reads what was said", async (t) => {
  const server = await startDemo(t);
  const browser = await launchBrowser(t);
  const alice = await join(t, browser, server, "alice");
  const bob = await join(t, browser, server, "bob <b>");
  const before = Date.now();
  await say(alice, "hello");
  await saidOnce(bob, 1);
  await say(bob, "<img src=x onerror=alert(1)>\nline two");
  await saidOnce(alice, 2);
  await say(alice, "42");
  const onBob = await saidOnce(bob, 3);
  const onAlice = await saidOnce(alice, 3);
  assert.deepEqual(onAlice.map(({ sender, text, own }) => ({ sender, text, own })), [
    { sender: "alice", text: "hello", own: true },
    { sender: "bob <b>", text: "<img src=x onerror=alert(1)>\nline two", own: false },
    { sender: "alice", text: "42", own: true },
  ]);
  assert.deepEqual(onBob.map(({ id }) => id), onAlice.map(({ id }) => id));
  const times = await alice.$$eval("#chat-log time", (all) => all.map(({ dateTime }) => Date.parse(dateTime)));
  assert.equal(times.length, 3);
  for (const time of times) assert.ok(time >= before - 1 && time <= Date.now() + 1, `${time}`);

  const carol = await join(t, browser, server, "carol");
  assert.deepEqual((await saidOnce(carol, 3)).map(({ id }) => id), onAlice.map(({ id }) => id));
  // What no client said has no stamp.
  await new Publisher(t, server).publish(toTopic("chat", "maintenance at noon"));
  const [, , , notice] = await saidOnce(carol, 4);
  assert.deepEqual([notice.sender, notice.text], ["", "maintenance at noon"]);
  assert.equal(await carol.$eval("#chat", (card) => card.dataset.transport), "WebSocket");
  for (const page of [alice, bob, carol]) assert.deepEqual(page.complaints, []);
});

test("a page that was cut resumes, and marks what it missed", async (t) => {
  const server = await startDemo(t);
  const proxy = await CutProxy.start(t, server.ports.http);
  const browser = await launchBrowser(t);
  const alice = await join(t, browser, server, "alice");
  const bob = await join(t, browser, proxy, "bob");
  await say(alice, "one");
  await saidOnce(bob, 1);
  proxy.break();
  await bob.waitForSelector("#chat[data-state=reconnecting]");
  assert.ok(await bob.isDisabled("#chat-compose button"));
  for (const text of ["two", "three"]) {
    await say(alice, text);
    await alice.waitForFunction(() => document.querySelector("#chat-text").value === "");
  }
  await saidOnce(alice, 3);
  proxy.mend();
  const rows = await saidOnce(bob, 3);
  assert.deepEqual(rows.map(({ text, missed }) => [text, missed]),
    [["one", false], ["two", true], ["three", true]]);
  await bob.waitForFunction(() => document.querySelector("#chat [data-field=message]").textContent
    === "Resumed: 2 messages had been missed, all are here.");
  assert.equal(await bob.$eval("#chat", (card) => `${card.dataset.resumes} ${card.dataset.gaps}`), "1 0");
  await say(bob, "back");
  assert.equal((await saidOnce(alice, 4))[3].sender, "bob");
});

test("a page is told of a gap when another log takes over", async (t) => {
  const [first, second] = [await startDemo(t), await startDemo(t)];
  const proxy = await CutProxy.start(t, first.ports.http);
  const browser = await launchBrowser(t);
  const page = await join(t, browser, proxy, "alice");
  await say(page, "before");
  await saidOnce(page, 1);
  proxy.targetPort = second.ports.http;
  proxy.cut();
  await page.waitForSelector("#chat-log .note[data-kind=warning]");
  assert.match(await page.textContent("#chat-log .note"), /^gap \(epoch\)/);
  assert.equal(await page.$eval("#chat", (card) => card.dataset.gaps), "1");
  await page.waitForSelector("#chat[data-state=live]");
  await say(page, "after");
  assert.deepEqual((await saidOnce(page, 2)).map(({ text }) => text), ["before", "after"]);
});

test("who types is shown to the others until the message is there", async (t) => {
  const server = await startDemo(t);
  const browser = await launchBrowser(t);
  const alice = await join(t, browser, server, "alice");
  const bob = await join(t, browser, server, "bob");
  await alice.fill("#chat-text", "hel");
  await bob.waitForFunction(() => document.querySelector("#chat-typing").textContent === "alice is typing …");
  assert.equal(await alice.textContent("#chat-typing"), "");
  await alice.press("#chat-text", "Enter");
  await saidOnce(bob, 1);
  assert.equal(await bob.textContent("#chat-typing"), "");
});

test("where WebSocket is blocked it goes over SockJS", async (t) => {
  const server = await startDemo(t);
  const browser = await launchBrowser(t);
  const alice = await join(t, browser, server, "alice");
  const bob = await join(t, browser, server, "bob", {
    prepare: (page) => page.addInitScript(() => {
      // As a proxy does it that knows no Upgrade.
      window.WebSocket = class extends EventTarget {
        readyState = 3;
        constructor() {
          super();
          queueMicrotask(() => {
            this.onerror?.(new Event("error"));
            this.onclose?.(new CloseEvent("close", { code: 1006 }));
          });
        }
        send() {}
        close() {}
      };
    }),
  });
  assert.equal(await bob.$eval("#chat", (card) => card.dataset.transport), "SockJS");
  await say(alice, "to bob");
  await saidOnce(bob, 1);
  await say(bob, "to alice");
  assert.deepEqual((await saidOnce(alice, 2)).map(({ sender }) => sender), ["alice", "bob"]);
});

for (const [name, options] of Object.entries({
  "on a wide screen": { viewport: { width: 1280, height: 800 } },
  "on a phone, in the dark": { viewport: { width: 390, height: 780 }, colorScheme: "dark" },
})) {
  test(`all of it fits ${name}`, async (t) => {
    const server = await startDemo(t);
    const browser = await launchBrowser(t);
    const page = await join(t, browser, server, "alice", options);
    await say(page, "x".repeat(300));
    await saidOnce(page, 1);
    const { width, scroll } = await page.evaluate(() => ({
      width: document.documentElement.clientWidth, scroll: document.documentElement.scrollWidth }));
    assert.ok(scroll <= width, `${scroll} > ${width}`);
    const button = await page.locator("#chat-compose button").boundingBox();
    assert.ok(button.y + button.height <= options.viewport.height, "the button is below the screen");
  });
}
