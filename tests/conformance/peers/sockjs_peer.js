// npm's sockjs on a port of its own, before the application that Sluice has behind its own SockJS: each session is a
// WebSocket to Sluice, whose frames of STOMP come and go as they are. What differs is SockJS alone.
import http from "node:http";
import { once } from "node:events";
import { createRequire } from "node:module";
import path from "node:path";
import sockjs from "sockjs";
import { repository } from "../../e2e/support/sluice_process.js";

const { WebSocket } = createRequire(path.join(repository, "tests/e2e/package.json"))("ws");

export const sockjsVersion = createRequire(import.meta.url)("sockjs/package.json").version;

// Resolves to {url, stop}. `stomp`: the URL of Sluice's WebSocket.
export async function startSockJsPeer(stomp) {
  const application = sockjs.createServer({ log() {}, sockjs_url: "sockjs-1.6.1.min.js" });
  application.on("connection", (session) => {
    const socket = new WebSocket(stomp, ["v12.stomp"]);
    const opened = new Promise((resolve) => { socket.on("open", resolve); });
    session.on("data", async (text) => {
      await opened;
      socket.send(text);
    });
    session.on("close", () => socket.terminate());
    socket.on("message", (bytes) => session.write(`${bytes}`));
    socket.on("close", (code, reason) => session.close(code, `${reason}`));
    socket.on("error", () => {});  // `close` follows
  });
  const server = http.createServer();
  application.installHandlers(server, { prefix: "/v1/sockjs" });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const stop = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${server.address().port}/v1/sockjs`, stop };
}
