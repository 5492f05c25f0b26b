// A `sluice serve` of its own for each test, on ports that the system chose.
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import readline from "node:readline";
import { fileURLToPath } from "node:url";

export const repository = fileURLToPath(new URL("../../../", import.meta.url));
const binary = path.resolve(process.env.SLUICE_BIN ?? path.join(repository, "build/release/sluice"));
const READY_MS = 20_000;
const STOP_MS = 20_000;

export class SluiceProcess {
  #child;
  #exited;
  #log = "";

  // `settings`: environment variables without `SLUICE_`. Resolves when the process says where it
  // listens, which it does when it is ready.
  static async start(test, { settings = {}, flags = [] } = {}) {
    const sluice = new SluiceProcess();
    await sluice.#start(settings, flags);
    test?.after(() => sluice.kill());
    return sluice;
  }

  async #start(settings, flags) {
    // Nothing of the caller's own settings, SLUICE_BIN among them: an unknown one is an error.
    const environment = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !name.startsWith("SLUICE_")));
    for (const [name, value] of Object.entries(settings)) environment[`SLUICE_${name}`] = value;
    this.#child = spawn(binary, ["serve", "--grpc-listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0",
      "--admin-listen", "127.0.0.1:0", ...flags],
    { env: environment, stdio: ["ignore", "pipe", "pipe"] });
    this.#exited = once(this.#child, "exit").then(([code, signal]) => ({ code, signal }));
    this.#child.stderr.on("data", (bytes) => { this.#log = (this.#log + bytes).slice(-20_000); });
    await this.#readPorts();
  }

  async #readPorts() {
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), READY_MS);
    this.ports = {};
    for await (const line of readline.createInterface({ input: this.#child.stdout })) {
      const [, name, port] = /^(gRPC|HTTP|admin)\s.*?:(\d+)(?:\/|$)/.exec(line) ?? [];
      if (name) this.ports[name.toLowerCase()] = Number(port);
      if (Object.keys(this.ports).length === 3) break;
    }
    clearTimeout(timer);
    if (!this.ports.admin) throw new Error(`${binary} did not become ready:\n${this.#log}`);
    this.#child.stdout.resume();
  }

  get grpc() { return `127.0.0.1:${this.ports.grpc}`; }
  get http() { return `http://127.0.0.1:${this.ports.http}`; }
  get admin() { return `http://127.0.0.1:${this.ports.admin}`; }
  get pid() { return this.#child.pid; }
  get log() { return this.#log; }
  get isAlive() { return this.#child.exitCode === null && this.#child.signalCode === null; }

  // Ends it as an operator does; resolves to {code, signal}.
  async stop(signal = "SIGTERM") {
    this.#child.kill(signal);
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), STOP_MS);
    const exit = await this.#exited;
    clearTimeout(timer);
    return exit;
  }

  async kill() {
    if (this.isAlive) this.#child.kill("SIGKILL");
    await this.#exited;
  }

  // The text of /metrics.
  async metrics() {
    return (await fetch(`${this.admin}/metrics`)).text();
  }

  // The sum of a metric's samples whose labels include `labels`.
  async metric(name, labels = {}) {
    let sum = 0;
    for (const line of (await this.metrics()).split("\n")) {
      const [, sampleName, sampleLabels = "", value] = /^(\w+)(\{.*\})? (\S+)$/.exec(line) ?? [];
      if (sampleName !== name) continue;
      if (Object.entries(labels).every(([key, text]) => sampleLabels.includes(`${key}="${text}"`))) {
        sum += Number(value);
      }
    }
    return sum;
  }
}
