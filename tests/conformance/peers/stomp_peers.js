// `stomp_peers.js REPORT_FOLDER [PYTHON_PACKAGES]`: the scripts of STOMP against Sluice and RabbitMQ, compared.
import { spawnSync } from "node:child_process";
import path from "node:path";
import { SluiceProcess, repository } from "../../e2e/support/sluice_process.js";
import { Comparison } from "./comparison.js";
import { RabbitMq } from "./rabbitmq.js";
import { Raw, stompClients } from "./stomp_clients.js";
import { scripts } from "./stomp_scripts.js";

const SECRET = "a secret of at least thirty-two octets";

// Headers whose value is a name that the server made.
const MADE = new Set(["session", "server", "message-id", "ack", "connection-id", "last-event-id"]);
const USUAL = {
  WebSocket: [], "no WebSocket": [], "heart-beat": [], CONNECTED: [], MESSAGE: ["subscription", "destination"], RECEIPT: ["receipt-id"],
  ERROR: [], closed: [],
};
const ORDER = Object.keys(USUAL);

// What a client heard, as a line. The code of a close and the text of an ERROR only where they are asked for.
function lineOf({ command, headers, body }, { show = [], bodies = true }) {
  const names = Object.keys(headers).filter((name) => show.includes(name) || show.includes(`* of ${command}`) || USUAL[command].includes(name));
  const words = names.sort().map((name) => `${name}=${MADE.has(name) ? "*" : headers[name].replaceAll("\n", "\\n").replaceAll("\r", "\\r")}`);
  if (command === "MESSAGE") words.push(body.length > 80 || !bodies ? `(${body.length} characters)` : JSON.stringify(body));
  return [command, ...words].join(" ");
}

// Runs one script; resolves to its lines.
class Run {
  #client;
  #script;
  #login;
  #read = 0;
  #said = "";
  #settled = 0;
  #lines = [];

  constructor(client, script, login) {
    this.#client = client;
    this.#script = script;
    this.#login = login;
  }

  get #items() { return this.#client.heard.items; }
  get #isOver() { return this.#items.some(({ command }) => command === "closed" || command === "ERROR"); }

  // A script ends with ERROR, or the connection. What comes behind ERROR only where it is asked for.
  async lines() {
    for (const step of this.#script.steps) {
      if (this.#isOver) break;
      await this.#take(step);
    }
    if (this.#script.behindError) {
      await this.#client.answersPing();
      this.#takeLines("behind ERROR");
      if (!this.#items.some(({ command }) => command === "closed")) this.#lines.push("behind ERROR: still connected");
    }
    return this.#lines;
  }

  async #take(step) {
    const mark = `settled ${this.#settled += 1}`;
    const from = this.#items.length;
    if (step.open) await this.#client.open(step.open);
    else if (step.octets) await this.#client.octets(step.octets, step);
    else if (step.settle) await this.#client.frame({ command: "SEND", headers: { destination: step.settle }, body: mark });
    else await this.#client.frame(this.#frameOf(step));
    const isOver = () => {
      const came = this.#items.slice(from);
      if (this.#isOver) return true;
      if (step.settle) return came.some(({ body }) => body === mark);
      return Object.entries(step.until ?? {}).every(([command, count]) =>
        came.filter((item) => item.command === command).length >= count);
    };
    const name = this.#nameOf(step);
    await this.#client.heard.until(isOver, `the end of ${name}`).catch(() => this.#lines.push(`${name}: no answer`));
    this.#takeLines(name);
  }

  #takeLines(name) {
    const items = this.#items.slice(this.#read);
    this.#read += items.length;
    const place = ({ command }) => ORDER.indexOf(command);
    items.sort((a, b) => place(a) - place(b) || (a.headers.subscription ?? "").localeCompare(b.headers.subscription ?? ""));
    const error = items.findIndex(({ command }) => command === "ERROR");
    for (const item of error < 0 || this.#script.behindError ? items : items.slice(0, error + 1)) {
      if (item.command === this.#script.hide || item.body.startsWith("settled ")) continue;
      this.#lines.push(`${name}: ${lineOf(item, this.#script)}`);
    }
  }

  #nameOf(step) {
    if (step.settle) return `after ${this.#said}`;
    this.#said = step.say ?? (step.open ? "handshake" : "octets");
    return this.#said;
  }

  #frameOf({ say, headers, body, ofMessage, lineEnd }) {
    const all = { ...headers };
    // What libraries see to themselves.
    if (say === "CONNECT" && !this.#script.by && this.#client instanceof Raw) Object.assign(all, { "accept-version": "1.2", host: "/" });
    if (all.login) Object.assign(all, this.#login(all.login));
    if (ofMessage) {
      const { headers: of } = this.#items.filter(({ command }) => command === "MESSAGE").at(-1);
      all.id = of.ack ?? of["message-id"];
      all.subscription = of.subscription;
      all["message-id"] = of["message-id"];
    }
    return { command: say, headers: all, body, lineEnd };
  }
}

async function startSluice() {
  const sluice = await SluiceProcess.start(undefined, { settings: { AUTH_SECRET: SECRET } });
  const { stdout, status } = spawnSync(path.join(repository, "build/release/sluice"),
    ["token", "--user", "guest", "--topic", "*", "--publish", "*"], { env: { ...process.env, SLUICE_AUTH_SECRET: SECRET }, encoding: "utf8" });
  if (status !== 0) throw new Error("sluice token failed");
  // Who has a login at RabbitMQ has a token here.
  const login = (name) => ({ Authorization: `Bearer ${name === "guest" ? stdout.trim() : "x.y.z"}` });
  return { url: `${sluice.http.replace("http", "ws")}/v1/ws`, login, stop: () => sluice.kill() };
}

async function main([folder, packages]) {
  const comparison = new Comparison("RabbitMQ");
  const sluice = await startSluice();
  const broker = new RabbitMq();
  const stop = () => Promise.all([sluice.stop(), broker.stop()]);
  process.once("SIGTERM", () => stop().finally(() => process.exit(1)));
  try {
    await broker.start();
    const servers = [sluice, { url: broker.url, login: () => ({}) }];
    const clients = stompClients(packages);
    for (const script of scripts) {
      for (const [name, open] of Object.entries(clients)) {
        if (script.by === "hand" && name !== "raw") continue;
        const outcome = await Promise.all(servers.map(async ({ url, login }) => {
          const client = open(url);
          const lines = await new Run(client, script, login).lines();
          await client.end();
          return lines;
        }));
        comparison.add({ script: script.name, client: name, sluice: outcome[0], peer: outcome[1] });
      }
    }
    return comparison.finish(folder, `RabbitMQ ${broker.version}`);
  } finally {
    await stop();
  }
}

process.exit(await main(process.argv.slice(2)));
