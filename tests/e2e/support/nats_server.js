// A nats-server with JetStream in a folder of its own: from NATS_SERVER, build/tools or the PATH.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import readline from "node:readline";
import { repository } from "./sluice_process.js";

const binary = process.env.NATS_SERVER
  ?? [path.join(repository, "build/tools/nats-server"), "/usr/sbin/nats-server"].find(existsSync) ?? "nats-server";

// Why a test that needs one is skipped; false: it is not.
export const noNatsServer = spawnSync(binary, ["--version"]).error ? "no nats-server here; ./dev test installs it" : false;

// Resolves to its URL.
export async function startNats(test) {
  const folder = mkdtempSync(path.join(os.tmpdir(), "sluice-nats-"));
  const child = spawn(binary, ["-a", "127.0.0.1", "-p", "-1", "-js", "-sd", folder],
    { stdio: ["ignore", "ignore", "pipe"] });
  const exited = new Promise((resolve) => { child.once("exit", resolve); });
  test.after(async () => {
    child.kill("SIGKILL");
    await exited;
    rmSync(folder, { recursive: true });
  });
  let log = "";
  let url;
  for await (const line of readline.createInterface({ input: child.stderr })) {
    log += `${line}\n`;
    const [, port] = /Listening for client connections on 127\.0\.0\.1:(\d+)/.exec(line) ?? [];
    if (port) url = `nats://127.0.0.1:${port}`;
    if (line.includes("Server is ready")) break;
  }
  if (!url) throw new Error(`${binary} did not become ready:\n${log}`);
  child.stderr.resume();
  return url;
}
