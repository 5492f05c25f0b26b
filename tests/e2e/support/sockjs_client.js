// sockjs-client as a browser has it. In node it sends bodies in chunks, which no edge takes; in browsers, and behind
// nginx, they have a length.
import http from "node:http";
import SockJS from "sockjs-client";

const { request } = http;
http.request = (...options) => {
  const made = request(...options);
  const write = made.write.bind(made);
  made.write = (body) => {
    made.setHeader("Content-Length", Buffer.byteLength(body));
    return write(body);
  };
  return made;
};

export { SockJS };
