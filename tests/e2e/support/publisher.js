// grpc-js on the other side of the contract in proto/.
import path from "node:path";
import grpc from "@grpc/grpc-js";
import protoLoader from "@grpc/proto-loader";
import { repository } from "./sluice_process.js";

export { grpc };

export function loadProto(file, includeFolder = path.join(repository, "proto")) {
  return grpc.loadPackageDefinition(protoLoader.loadSync(file, {
    includeDirs: [includeFolder], keepCase: true, defaults: true, enums: String,
  }));
}

export const { sluice } = loadProto("sluice/v1/gateway.proto");
const DEADLINE_MS = 20_000;
const MAX_MESSAGE_BYTES = 3 << 20;

const deadline = () => ({ deadline: Date.now() + DEADLINE_MS });

// What a publish of `data` to a user or a topic looks like.
export const toUser = (user, data, type = "") => ({ user_id: user, event: { type, data } });
export const toTopic = (topic, data, type = "") => ({ topic, event: { type, data } });

export class Publisher {
  #client;

  constructor(test, server) {
    this.#client = new sluice.v1.Gateway(server.grpc, grpc.credentials.createInsecure());
    test?.after(() => this.close());
  }

  close() {
    this.#client.close();
  }

  // Resolves to the event's id.
  async publish(request) {
    return (await this.publishForResponse(request)).event_id;
  }

  publishForResponse(request) {
    return new Promise((resolve, reject) => {
      this.#client.Publish(request, deadline(), (error, response) =>
        error ? reject(error) : resolve(response));
    });
  }

  publishBatch(requests) {
    return new Promise((resolve, reject) => {
      this.#client.PublishBatch({ requests }, deadline(), (error, response) =>
        error ? reject(error) : resolve(response.results));
    });
  }

  // As many batches as the message limit asks for; every event must be stored. Resolves to the ids.
  async publishAll(requests) {
    const ids = [];
    for (const batch of batches(requests)) {
      for (const result of await this.publishBatch(batch)) {
        if (result.code !== 0) throw new Error(`not stored: ${result.code} ${result.message}`);
        ids.push(result.response.event_id);
      }
    }
    return ids;
  }

  // Sends all without waiting; resolves to the results, in the order of the answers.
  publishStream(requests) {
    return new Promise((resolve, reject) => {
      const results = [];
      const call = this.#client.PublishStream(deadline());
      call.on("data", ({ result }) => results.push(result));
      call.on("error", reject);
      call.on("end", () => resolve(results));
      for (const request of requests) call.write(request);
      call.end();
    });
  }
}

function* batches(requests) {
  let batch = [];
  let bytes = 0;
  for (const request of requests) {
    const size = Buffer.byteLength(request.event.data) + 512;
    if (batch.length === 1000 || bytes + size > MAX_MESSAGE_BYTES) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(request);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}
