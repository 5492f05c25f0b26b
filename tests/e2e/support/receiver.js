// A backend that takes what browsers send: one Receive of grpc-js.
import { Arrivals } from "./arrivals.js";
import { grpc, sluice } from "./publisher.js";

export class Receiver {
  #client;
  #call;
  messages = new Arrivals();

  // Resolves when the gateway says that the stream is open.
  static async open(test, server, { destination, group, window = 0 }) {
    const receiver = new Receiver();
    receiver.#client = new sluice.v1.Gateway(server.grpc, grpc.credentials.createInsecure(),
      { "grpc.use_local_subchannel_pool": 1 });
    receiver.#call = receiver.#client.Receive();
    test.after(() => receiver.kill());
    receiver.#call.on("data", (message) => receiver.messages.add(message));
    receiver.ended = new Promise((resolve) => {
      receiver.#call.on("error", resolve);
      receiver.#call.on("end", resolve);
    });
    const opened = new Promise((resolve) => { receiver.#call.on("metadata", resolve); });
    receiver.#call.write({ open: { destination, group, window } });
    const failure = await Promise.race([opened.then(() => null), receiver.ended]);
    if (failure !== null) throw failure;
    return receiver;
  }

  acknowledge(...ids) {
    this.#call.write({ acknowledge: { ids } });
  }

  // As a process that dies: without a word about what it has.
  kill() {
    this.#call.cancel();
    this.#client.close();
  }
}
