// One user with a tab for each protocol, on two edges of one log: all see the same, wherever they come back.
import assert from "node:assert/strict";
import { test } from "node:test";
import { noNatsServer, startNats } from "./support/nats_server.js";
import { Publisher, toTopic, toUser } from "./support/publisher.js";
import { SluiceProcess } from "./support/sluice_process.js";
import { protocols } from "./support/tabs.js";

async function startTwoEdges(t) {
  const nats = await startNats(t);
  return Promise.all([0, 1].map(() => SluiceProcess.start(t, { flags: ["--nats", nats] })));
}

// Publishes `count` events to alice and to the topic, in turn, and some that are not for her, over one edge's
// gateway and the other's.
class Story {
  told = [];  // {id, data, channel}, in the order of the log
  #publishers;

  constructor(t, servers) {
    this.#publishers = servers.map((server) => new Publisher(t, server));
  }

  async goOn(count) {
    for (let n = 0; n < count; n += 1) {
      const data = `${this.told.length}`;
      const channel = n % 3 === 1 ? "topic" : "user";
      const publisher = this.#publishers[n % 2];
      await publisher.publish(toUser("bob", "not hers"));
      const id = await publisher.publish(channel === "topic" ? toTopic("news", data) : toUser("alice", data));
      this.told.push({ id, data, channel });
    }
  }

  get cursor() {
    return this.told.at(-1).id;
  }

  // `seen` is all that was told, in order. Where a STOMP tab has come back, each of its subscriptions has been
  // replayed by itself, so the order is that of each channel.
  compare(seen, byChannel) {
    const plain = this.told.map(({ id, data }) => ({ id, data }));
    if (!byChannel) return assert.deepEqual(seen, plain);
    assert.equal(seen.length, plain.length);
    for (const channel of ["user", "topic"]) {
      const ids = new Set(this.told.filter((one) => one.channel === channel).map(({ id }) => id));
      assert.deepEqual(seen.filter(({ id }) => ids.has(id)), plain.filter(({ id }) => ids.has(id)));
    }
  }
}

const names = Object.keys(protocols);

test("all tabs of a user see the same ids in the same order, also when each is cut and comes back on the other edge",
  { skip: noNatsServer }, async (t) => {
    const servers = await startTwoEdges(t);
    const story = new Story(t, servers);
    const tabs = names.map((name) => new protocols[name](t, "alice"));
    for (const [n, tab] of tabs.entries()) await tab.open(servers[n % 2]);
    await story.goOn(9);
    for (const tab of tabs) story.compare(await tab.seen(9), false);
    for (let round = 1; round <= 3; round += 1) {
      const { cursor } = story;
      for (const tab of tabs) await tab.cut(story.told.length);
      await story.goOn(6);
      for (const [n, tab] of tabs.entries()) await tab.open(servers[(n + round) % 2], cursor);
      await story.goOn(6);
      for (const [n, tab] of tabs.entries()) {
        story.compare(await tab.seen(story.told.length), ["stomp", "sockjs"].includes(names[n]));
      }
    }
  });

test("a cursor of one protocol resumes every other, on the other edge", { skip: noNatsServer }, async (t) => {
  const servers = await startTwoEdges(t);
  const story = new Story(t, servers);
  await story.goOn(1);  // so that there is a cursor
  for (const [n, from] of names.entries()) {
    for (const to of names) {
      const before = story.told.length;
      const { cursor } = story;
      const tab = new protocols[from](t, "alice");
      await tab.open(servers[n % 2], cursor);
      await story.goOn(4);
      const seen = await tab.seen(4);
      await tab.cut(4);
      await story.goOn(4);
      const next = new protocols[to](t, "alice");
      await next.open(servers[(n + 1) % 2], seen.at(-1).id);
      const ids = [...seen, ...await next.seen(4)].map(({ id }) => id);
      assert.deepEqual(ids.sort(), story.told.slice(before).map(({ id }) => id).sort(), `${from} to ${to}`);
      await next.cut(4);
    }
  }
});
