"""A nats-server with JetStream: Debian's, and another one if NATS_SERVER names it."""

import os
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

from driver.process import Process, await_condition
from driver.sluice import free_ports

_UNPACKED = Path(__file__).resolve().parents[3] / "build" / "tools" / "nats-server"
_READY_SECONDS = 20


def programs():
    """The nats-servers to measure with, by version."""
    ours = str(_UNPACKED) if _UNPACKED.exists() else shutil.which("nats-server")
    if ours is None:
        raise SystemExit("bench: no nats-server; `./dev test` unpacks one into build/tools")
    return {_version(program): program for program in (ours, os.environ.get("NATS_SERVER"))
            if program}


def _version(program):
    done = subprocess.run([program, "--version"], stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.split(":")[-1].strip().removeprefix("v")


class NatsServer(Process):
    """Its data is in a folder that goes with it; streams are files unless Sluice asks otherwise."""

    def __init__(self, program, cores, log):
        self._folder = tempfile.TemporaryDirectory(prefix="sluice-bench-nats-")
        port, self._monitor_port = free_ports(2)
        super().__init__([program, "-a", "127.0.0.1", "-p", port, "-m", self._monitor_port, "-js",
                          "-sd", self._folder.name], cores, log)
        self.url = f"nats://127.0.0.1:{port}"
        await_condition(self._is_ready, _READY_SECONDS, "readiness of nats-server")

    def _is_ready(self):
        try:
            health = f"http://127.0.0.1:{self._monitor_port}/healthz"
            return urllib.request.urlopen(health, timeout=5).status == 200
        except (urllib.error.URLError, ConnectionError):
            return False

    def __exit__(self, *arguments):
        super().__exit__(*arguments)
        self._folder.cleanup()
