// A TCP proxy that can cut what runs through it, for clients that shall lose their connection.
import { once } from "node:events";
import net from "node:net";

export class CutProxy {
  connections = [];  // {at, head}: when each was accepted, and the first bytes that it sent
  #server;
  #sockets = new Set();
  #isBroken = false;

  static async start(test, targetPort) {
    const proxy = new CutProxy();
    proxy.targetPort = targetPort;  // of connections from now on
    await proxy.#listen();
    test.after(() => proxy.close());
    return proxy;
  }

  async #listen() {
    this.#server = net.createServer((client) => {
      if (this.#isBroken) return client.destroy();
      const connection = { at: performance.now(), head: "", answer: "" };
      this.connections.push(connection);
      const upstream = net.connect(this.targetPort, "127.0.0.1");
      client.once("data", (bytes) => { connection.head = bytes.toString("latin1"); });
      upstream.once("data", (bytes) => { connection.answer = bytes.toString("latin1"); });
      for (const [from, to] of [[client, upstream], [upstream, client]]) {
        this.#sockets.add(from);
        from.pipe(to);
        from.on("error", () => {});
        from.on("close", () => {
          this.#sockets.delete(from);
          to.destroy();
        });
      }
    });
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    this.port = this.#server.address().port;
  }

  get http() { return `http://127.0.0.1:${this.port}`; }

  // Kills what is open; what comes later is let through.
  cut() {
    // Not resetAndDestroy(): on a socket that is just ending it leaks the handle, and Node 18 and 20
    // then spin at their exit.
    for (const socket of this.#sockets) socket.destroy();
  }

  // From now on nothing is let through, until mend().
  break() {
    this.#isBroken = true;
    this.cut();
  }

  mend() {
    this.#isBroken = false;
  }

  close() {
    this.#server.close();
    this.cut();
  }
}
