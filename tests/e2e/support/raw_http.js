// HTTP by hand: any bytes out, and what comes back.
import net from "node:net";

const PATIENCE_MS = 20_000;

// Sends `bytes` and resolves to the answer's {status, text} once `isComplete(text)` or the server has
// closed. A status of 0: closed without an answer. From `localAddress`, which has ports of its own.
export function exchange(port, bytes, isComplete = () => false, localAddress = undefined) {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ port, host: "127.0.0.1", localAddress });
    let text = "";
    const finish = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ status: Number(/^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1] ?? 0), text });
    };
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`no answer to ${JSON.stringify(bytes.toString("latin1").slice(0, 200))}: ${text}`));
    }, PATIENCE_MS);
    socket.setEncoding("latin1");
    socket.on("connect", () => socket.write(bytes));
    socket.on("data", (part) => {
      text += part;
      if (isComplete(text)) finish();
    });
    socket.on("close", finish);
    socket.on("error", () => {});  // `close` follows
  });
}
