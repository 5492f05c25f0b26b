// RabbitMQ with Web STOMP, from what tools/install.sh unpacked: in a folder of its own, on ports of its own.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import readline from "node:readline";
import { repository } from "../../e2e/support/sluice_process.js";

const unpacked = path.join(repository, "build/rabbitmq");
const erlang = path.join(unpacked, "usr/lib/erlang/bin");
const READY_MS = 120_000;

async function freePorts(count) {
  const servers = Array.from({ length: count }, () => net.createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return ports;
}

export class RabbitMq {
  #folder = mkdtempSync(path.join(os.tmpdir(), "sluice-rabbitmq-"));
  #children = [];

  // Rejects if it does not become ready; `stop` is to be called also then.
  async start() {
    const [web, epmd, distribution] = await freePorts(3);
    const file = (name, text) => {
      writeFileSync(path.join(this.#folder, name), text);
      return path.join(this.#folder, name);
    };
    const [release] = readdirSync(path.join(unpacked, "usr/lib/rabbitmq/lib"));
    this.version = release.replace("rabbitmq_server-", "");
    const environment = {
      HOME: this.#folder,
      PATH: `${erlang}:${process.env.PATH}`,
      LANG: "C.UTF-8",
      ERL_EPMD_PORT: `${epmd}`,
      ERL_EPMD_ADDRESS: "127.0.0.1",
      RABBITMQ_NODENAME: "peer@localhost",
      RABBITMQ_DIST_PORT: `${distribution}`,
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: "-kernel inet_dist_use_interface {127,0,0,1}",
      RABBITMQ_MNESIA_BASE: path.join(this.#folder, "mnesia"),
      RABBITMQ_LOG_BASE: path.join(this.#folder, "log"),
      RABBITMQ_LOGS: "-",
      RABBITMQ_CONF_ENV_FILE: "/dev/null",
      RABBITMQ_ENABLED_PLUGINS_FILE: file("enabled_plugins", "[rabbitmq_web_stomp].\n"),
      // Without a user who is anybody that has no login.
      RABBITMQ_CONFIG_FILE: file("rabbitmq.conf", "listeners.tcp = none\nstomp.listeners.tcp = none\n"
        + `web_stomp.tcp.ip = 127.0.0.1\nweb_stomp.tcp.port = ${web}\n`),
      RABBITMQ_ALLOW_INPUT: "1",  // the script becomes the broker, whose id we have
    };
    const run = (program, ...words) => {
      const child = spawn(program, words, { env: environment, cwd: this.#folder, stdio: ["ignore", "pipe", "pipe"] });
      this.#children.unshift({ child, exited: once(child, "exit") });
      return child;
    };
    // By ourselves, so that it ends with us; Erlang would leave it behind.
    const mapper = run(path.join(erlang, "epmd"), "-d", "-port", `${epmd}`, "-address", "127.0.0.1");
    mapper.stdout.resume();
    await once(mapper.stderr, "data");  // it says that it runs
    mapper.stderr.resume();
    const broker = run(path.join(unpacked, "usr/lib/rabbitmq/lib", release, "sbin/rabbitmq-server"), "-noinput");
    let log = "";
    const timer = setTimeout(() => broker.kill("SIGKILL"), READY_MS);
    broker.stderr.on("data", (bytes) => { log += bytes; });
    let isReady = false;
    for await (const line of readline.createInterface({ input: broker.stdout })) {
      log += `${line}\n`;
      isReady = line.includes("Server startup complete");
      if (isReady) break;
    }
    clearTimeout(timer);
    if (!isReady) throw new Error(`RabbitMQ did not become ready:\n${log.slice(-5_000)}`);
    broker.stdout.resume();
    this.url = `ws://127.0.0.1:${web}/ws`;
  }

  async stop() {
    for (const { child, exited } of this.#children) {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
      await exited;
    }
    rmSync(this.#folder, { recursive: true });
  }
}
