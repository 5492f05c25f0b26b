"""Runs the code of README.md against a server of its own, as it stands there but for the ports.

Usage: readme_test.py PART BUILD_FOLDER. Ends with 77 where the part's toolchain is not installed.
"""

import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading

from server import Server

ROOT = pathlib.Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
SKIPPED = 77


def blocks(language, section=README):
    """The fenced blocks of a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", section, re.M | re.S)


def block_with(language, text):
    return next(block for block in blocks(language) if text in block)


def tour(server, folder):
    section = README.split("## A minute's tour")[1].split("\n## ")[0]
    watch, publish, resume = blocks("sh", section)

    stream = server.follow(watch)
    server.run(publish)
    for line in blocks("text", section)[0].splitlines():
        stream.wait_for(line)

    resumed = server.follow(resume)
    resumed.wait_for('data: {"n":3}')
    assert 'data: {"n":2}' not in resumed.seen, "the resumed stream repeats what was seen"


def nats(server, folder):
    section = README.split("## On NATS")[1].split("\n## ")[0]
    gateway, edge = (block.strip() for block in blocks("sh", section))
    with running_nats(folder) as url:
        ports = {}
        for command, listen, line in ((gateway, "--grpc-listen", r"gRPC.*:(\d+)"),
                                      (edge, "--http-listen", r"HTTP.*:(\d+)/")):
            command = command.replace("nats://127.0.0.1:4222", url)
            command = re.sub(r"build/release/sluice|--admin-listen \S+", lambda found: str(
                server.build / "sluice") if found[0].startswith("build") else "", command)
            console = server.start(["bash", "-euc", f"exec {command} {listen} 127.0.0.1:0 "
                                    "--admin-listen 127.0.0.1:0"], re.compile(line))
            ports[listen] = re.search(line, console.seen[-1])[1]
        stream = server.start(["curl", "-sN", f"http://127.0.0.1:{ports['--http-listen']}/v1/events?user=alice"],
                              "event: connected")
        subprocess.check_call([server.build / "sluice", "publish", "--server",
                               f"127.0.0.1:{ports['--grpc-listen']}", "--user", "alice", "over NATS"])
        stream.wait_for("data: over NATS")


def production(server, folder):
    section = README.split("## In production")[1].split("\n## ")[0]
    secrets, serve, follow, publish = blocks("sh", section)
    binary = str(server.build / "sluice")
    subprocess.check_call(["bash", "-euc", secrets], cwd=folder)
    serve = serve.replace("build/release/sluice", f"exec {binary}").rstrip() + (
        " --grpc-listen 127.0.0.1:0 --http-listen 127.0.0.1:0 --admin-listen 127.0.0.1:0")
    console = server.start(["bash", "-euc", serve], re.compile(r"gRPC"), folder=folder)
    grpc = re.search(r":(\d+)", console.seen[-1])[1]
    http = console.wait_for(re.compile(r"HTTP.*:(\d+)/"))[1]

    def here(script):
        script = script.replace("sluice publish", f"sluice publish --server 127.0.0.1:{grpc}")
        return script.replace("build/release/sluice", binary).replace("127.0.0.1:8080", f"127.0.0.1:{http}")

    stream = server.start(["bash", "-euc", here(follow).replace("curl -N", "exec curl -sN")], "event: connected",
                          folder=folder)
    subprocess.check_call(["bash", "-euc", here(publish)], cwd=folder)
    stream.wait_for('data: {"sold":3}')
    for script in (follow.replace("$token", "none").replace("curl -N", "curl -sf"),
                   publish.replace("$(cat backend.key)", "not the key of the backend")):
        assert subprocess.call(["bash", "-uc", here(script)], cwd=folder, stderr=subprocess.DEVNULL) != 0


@contextlib.contextmanager
def running_nats(folder):
    """`nats-server -js`, as the README says, on a port of its own choosing; the URL."""
    program = ROOT / "build/tools/nats-server"
    program = str(program) if program.exists() else shutil.which("nats-server")
    if program is None:
        sys.exit(SKIPPED)
    process = subprocess.Popen([program, "-js", "-a", "127.0.0.1", "-p", "-1", "-sd", folder / "store"],
                               stderr=subprocess.PIPE, text=True)
    try:
        line = next(line for line in process.stderr if "Listening for client" in line)
        threading.Thread(target=process.stderr.read, daemon=True).start()
        yield f"nats://127.0.0.1:{line.rsplit(':', 1)[1].strip()}"
    finally:
        process.terminate()
        process.wait()


def browser(server, folder):
    page = folder / "page.js"
    page.write_text(
        "globalThis.EventSource = require('eventsource').EventSource;\n"
        + server.localize(block_with("js", "new EventSource"))
        + "\nevents.addEventListener('connected', () => console.log('connected'));\n")
    console = server.start(["node", page], "connected", env=node_environment())
    server.run(blocks("sh")[2])
    console.wait_for("{ n: 1 }")


def cpp(server, folder):
    generate(folder, "C++")
    code = block_with("cpp", "grpcpp")
    (folder / "publish.cc").write_text(server.localize(code))
    subprocess.check_call(["bash", "-euc", code.splitlines()[0].lstrip("/ ")], cwd=folder)
    publishes(server, [folder / "publish"], "C++")


def python(server, folder):
    generate(folder, "Python")
    program = folder / "publish.py"
    program.write_text(server.localize(block_with("python", "import grpc")))
    publishes(server, [sys.executable, program], "Python")


def go(server, folder):
    if not all(map(shutil.which, ["go", "protoc-gen-go", "protoc-gen-go-grpc"])):
        sys.exit(SKIPPED)
    module = "sluice.dev"
    generate(folder, "Go")
    (folder / "publish").mkdir()
    (folder / "publish/main.go").write_text(server.localize(block_with("go", "package main")))
    for command in (["mod", "init", module], ["mod", "tidy"], ["build", "-o", "bin", "./publish"]):
        subprocess.check_call(["go", *command], cwd=folder)
    publishes(server, [folder / "bin"], "Go")


def node(server, folder):
    program = folder / "publish.js"
    program.write_text(server.localize(block_with("js", "grpc-js")))
    publishes(server, ["node", program], "Node.js", env=node_environment())


def receive(server, folder):
    script = next(block for block in blocks("sh") if "sluice receive" in block)
    sends(server, folder)
    server.start(["bash", "-euc", "exec " + server.localize(script)], '"data":"hello"')


def answer_python(server, folder):
    generate(folder, "Python")
    program = folder / "answer.py"
    program.write_text(server.localize(block_with("python", "Receive")))
    answers(server, folder, [sys.executable, program])


def answer_node(server, folder):
    program = folder / "answer.js"
    opens = block_with("js", "grpc-js").split("const event")[0]
    program.write_text(server.localize(opens + block_with("js", "receive()")))
    answers(server, folder, ["node", program])


def answers(server, folder, command):
    """The page has the program's answer to what it sends."""
    page = sends(server, folder)
    server.background(command, env=node_environment())
    page.wait_for('"data":"you said hello"')


def sends(server, folder):
    """The page that sends, once that is stored."""
    page = folder / "send.js"
    page.write_text("globalThis.WebSocket = require('ws');\n"
                    + server.localize(block_with("js", "new WebSocket")))
    return server.start(["node", page], '"type":"ok"', env=node_environment())


def publishes(server, command, language, env=None):
    """The program prints the id under which Alice then has its event."""
    stream = server.follow(blocks("sh")[1])
    printed = subprocess.check_output(command, cwd=ROOT, env=env, text=True, timeout=30).strip()
    stream.wait_for(f"id: {printed}")
    stream.wait_for("event: hello")
    stream.wait_for(f'data: {{"from":"{language}"}}')


def generate(folder, language):
    """The README's line that makes the contract's code for the language, run in the folder."""
    line = re.search(rf"^protoc .*# {re.escape(language)}$", README, re.M)[0]
    subprocess.check_call(["bash", "-euc", line.replace("-I proto", f"-I {ROOT}/proto")], cwd=folder)


def node_environment():
    return {**os.environ, "NODE_PATH": str(ROOT / "tests/e2e/node_modules")}


if __name__ == "__main__":
    part, build_folder = sys.argv[1:]
    with tempfile.TemporaryDirectory() as temporary, Server(ROOT, build_folder) as running:
        globals()[part](running, pathlib.Path(temporary))
