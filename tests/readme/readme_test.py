"""Runs the code of README.md against a server of its own, as it stands there but for the ports.

Usage: readme_test.py PART BUILD_FOLDER. Ends with 77 where the part's toolchain is not installed.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

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
    build = server.build
    source, program = folder / "publish.cc", folder / "publish"
    source.write_text(server.localize(block_with("cpp", "grpcpp")))
    flags = subprocess.check_output(["pkg-config", "--cflags", "--libs", "grpc++", "protobuf"],
                                    text=True).split()
    subprocess.check_call(["g++", "-std=c++17", "-I", build / "generated", source,
                           build / "proto/libsluice_proto.a", "-o", program, *flags])
    publishes(server, [program], "C++")


def python(server, folder):
    protoc(folder, "--python_out", "--grpc_out",
           f"--plugin=protoc-gen-grpc={shutil.which('grpc_python_plugin')}")
    program = folder / "publish.py"
    program.write_text(server.localize(block_with("python", "import grpc")))
    publishes(server, [sys.executable, program], "Python")


def go(server, folder):
    if not all(map(shutil.which, ["go", "protoc-gen-go", "protoc-gen-go-grpc"])):
        sys.exit(SKIPPED)
    module = "sluice.dev"
    protoc(folder, "--go_out", "--go-grpc_out", f"--go_opt=module={module}",
           f"--go-grpc_opt=module={module}")
    (folder / "publish").mkdir()
    (folder / "publish/main.go").write_text(server.localize(block_with("go", "package main")))
    for command in (["mod", "init", module], ["mod", "tidy"], ["build", "-o", "bin", "./publish"]):
        subprocess.check_call(["go", *command], cwd=folder)
    publishes(server, [folder / "bin"], "Go")


def node(server, folder):
    program = folder / "publish.js"
    program.write_text(server.localize(block_with("js", "grpc-js")))
    publishes(server, ["node", program], "Node.js", env=node_environment())


def publishes(server, command, language, env=None):
    """The program prints the id under which Alice then has its event."""
    stream = server.follow(blocks("sh")[1])
    printed = subprocess.check_output(command, cwd=ROOT, env=env, text=True, timeout=30).strip()
    stream.wait_for(f"id: {printed}")
    stream.wait_for("event: hello")
    stream.wait_for(f'data: {{"from":"{language}"}}')


def protoc(folder, *outputs):
    subprocess.check_call(["protoc", "-I", ROOT / "proto", "sluice/v1/gateway.proto",
                           *(out if "=" in out else f"{out}={folder}" for out in outputs)])


def node_environment():
    return {**os.environ, "NODE_PATH": str(ROOT / "tests/e2e/node_modules")}


if __name__ == "__main__":
    part, build_folder = sys.argv[1:]
    with tempfile.TemporaryDirectory() as temporary, Server(ROOT, build_folder) as running:
        globals()[part](running, pathlib.Path(temporary))
