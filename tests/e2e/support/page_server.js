// Pages of another origin than the edge's.
import { once } from "node:events";
import http from "node:http";

// Resolves to the port on which every path is an empty page.
export async function servePages(test) {
  const server = http.createServer((_, response) =>
    response.writeHead(200, { "Content-Type": "text/html" }).end("<!doctype html><title>app</title>"));
  server.listen(0);
  await once(server, "listening");
  test.after(() => server.closeAllConnections());
  test.after(() => server.close());
  return server.address().port;
}
