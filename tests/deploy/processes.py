"""Child processes of a test: on free ports, awaited by a condition, ended by it."""

import ctypes
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests/faults"))

from lab.ports import free_port  # noqa: E402,F401: for the tests

BUILD = pathlib.Path(os.environ.get("BUILD_FOLDER", ROOT / "build/release"))
PATIENCE_SECONDS = 60
_PR_SET_PDEATHSIG = 1


def program(name, variable=None):
    """The path of a program: from the environment, from build/tools, or from PATH; else the test is skipped."""
    for path in (os.environ.get(variable or "", ""), ROOT / "build/tools" / name, shutil.which(name)):
        if path and pathlib.Path(path).exists():
            return str(path)
    raise unittest.SkipTest(f"no {name} here; ./dev test installs it")


def await_condition(condition, what):
    """Polls what cannot be awaited otherwise; returns the first result that is true."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {PATIENCE_SECONDS} s: {what() if callable(what) else what}")
        time.sleep(0.02)


def http_get(port, path):
    """(status, body); (0, "") where nothing answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


def _die_with_the_test():
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    """One server. Everything that it says goes to a file."""

    def __init__(self, name, command, folder, environment=None):
        self.log = pathlib.Path(folder) / f"{name}.log"
        with open(self.log, "a", encoding="utf-8") as log:
            self._child = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL,
                                           stdout=log, stderr=log, cwd=ROOT,
                                           env={**os.environ, **(environment or {})},
                                           preexec_fn=_die_with_the_test)

    @property
    def pid(self):
        return self._child.pid

    @property
    def is_running(self):
        return self._child.poll() is None

    def said(self):
        return self.log.read_text(encoding="utf-8", errors="replace")

    def await_ready(self):
        def is_ready():
            assert self.is_running, f"ended with {self._child.returncode}:\n{self.said()}"
            return self.is_ready()

        await_condition(is_ready, lambda: f"readiness; it said:\n{self.said()}")
        return self

    def is_ready(self):
        raise NotImplementedError

    def await_end(self):
        return self._child.wait(PATIENCE_SECONDS)

    def stop(self):
        if not self.is_running:
            return self._child.returncode
        self._child.terminate()
        return self.await_end()


class DeployTest(unittest.TestCase):
    """A test with a folder of its own; what it starts ends with it, the last one first."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="sluice-deploy-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def run_until_the_end(self, process):
        self.addCleanup(process.stop)
        return process
