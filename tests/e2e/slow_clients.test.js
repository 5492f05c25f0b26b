// slowhttptest's four attacks with thousands of connections: good clients do not notice, and nothing stays.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { eventually } from "./support/arrivals.js";
import { EventStream } from "./support/event_stream.js";
import { Publisher, toUser } from "./support/publisher.js";
import { SluiceProcess } from "./support/sluice_process.js";

const CONNECTIONS = 5_000;
const SECONDS = 8;
const COMMON = ["-c", CONNECTIONS, "-r", 2_500, "-l", SECONDS, "-i", 1, "-p", 2];
const ATTACKS = [
  ["a head that never ends", ["-H"], "/v1/events?user=mallory"],
  ["a body that never ends", ["-B", "-s", 900], "/v1/token"],
  ["an answer that is hardly read", ["-X", "-k", 3, "-w", 1, "-y", 8, "-n", 1, "-z", 1], "/demo/third_party/uplot/uPlot.iife.min.js"],
  ["a thousand ranges", ["-R", "-a", 1, "-b", 1_000], "/"],
];

const attack = (server, flags, path) => promisify(execFile)(
  "slowhttptest", [...flags, ...COMMON, "-u", `${server.http}${path}`].map(String), { maxBuffer: 64 << 20 });

for (const [name, flags, path] of ATTACKS) {
  test(name, async (t) => {
    const server = await SluiceProcess.start(t, { settings: { EDGE_REQUEST_HEAD_TIMEOUT: "4s" }, flags: ["--demo"] });
    const publisher = new Publisher(t, server);
    const witness = await EventStream.open(t, server, { user: "witness" });
    let isOver = false;
    const attacked = attack(server, flags, path).finally(() => { isOver = true; });
    let sent = 0;
    while (!isOver) {
      await publisher.publish(toUser("witness", `${sent}`));
      sent += 1;
      await witness.published(sent);
      (await EventStream.open(null, server, { user: "another" })).close();
    }
    await attacked;
    const connections = await server.metric("sluice_edge_connections_accepted_total") - sent - 1;  // others than ours
    assert.ok(connections > CONNECTIONS / 5, `${connections} connections`);
    assert.deepEqual(witness.events.map(({ data }) => data), Array.from({ length: sent }, (_, n) => `${n}`));
    assert.ok(server.isAlive);
    await eventually(async () => await server.metric("sluice_edge_connections") === 1, "only the witness is left");
    t.diagnostic(`${connections} connections; ${sent} events came through meanwhile`);
  });
}
