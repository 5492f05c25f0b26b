// `sockjs_peers.js REPORT_FOLDER`: the scripts of SockJS against Sluice and npm's sockjs, compared.
import { SluiceProcess } from "../../e2e/support/sluice_process.js";
import { Comparison } from "./comparison.js";
import { sockjsVersion, startSockJsPeer } from "./sockjs_peer.js";
import { scripts, slowScripts } from "./sockjs_scripts.js";
import { Site } from "./sockjs_site.js";

const USER = "?user=alice";

async function main([folder]) {
  const sluice = await SluiceProcess.start(undefined, { settings: {
    EDGE_ALLOWED_ORIGINS: "http://page.example",
    EDGE_HEARTBEAT_INTERVAL: "5m",  // STOMP's own would leave no silence for those of SockJS
  } });
  const peer = await startSockJsPeer(`${sluice.http.replace("http", "ws")}/v1/ws${USER}`);
  const stop = () => {
    peer.stop();
    return sluice.kill();
  };
  process.once("SIGTERM", () => stop().finally(() => process.exit(1)));
  const comparison = new Comparison("sockjs");
  const linesOf = async (url, query, script) => {
    const site = new Site(url, query);
    try {
      await script(site);
    } catch (error) {
      site.say("failed:", error.message);
    } finally {
      site.end();
    }
    return site.lines;
  };
  const add = (name, ours, theirs) => {
    comparison.add({ script: name, client: name.startsWith("sockjs-client") ? "sockjs-client" : "by hand", sluice: ours, peer: theirs });
  };
  try {
    const onSluice = (script) => linesOf(`${sluice.http}/v1/sockjs`, USER, script);
    const onPeer = (script) => linesOf(peer.url, "", script);
    const slow = Object.entries(slowScripts).map(([name, script]) => [name, Promise.all([onSluice(script), onPeer(script)])]);
    // One after the other: behind both is one Sluice, and its topics.
    for (const [name, script] of Object.entries(scripts)) add(name, await onSluice(script), await onPeer(script));
    for (const [name, lines] of slow) add(name, ...await lines);
    return comparison.finish(folder, `npm sockjs ${sockjsVersion}`);
  } finally {
    await stop();
  }
}

process.exit(await main(process.argv.slice(2)));
