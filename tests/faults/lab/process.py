"""Child processes by name, whose beginnings and ends are written down."""

import contextlib
import ctypes
import os
import resource
import signal
import subprocess
import threading
import time

PATIENCE_SECONDS = 60
STOP_SECONDS = 30
_PR_SET_PDEATHSIG = 1
_prctl = ctypes.CDLL(None).prctl  # looked up here: between fork and exec as little as can be


class Failed(Exception):
    """The fault showed a defect."""


class Skipped(Exception):
    """This machine cannot run the fault."""


class TopologyHistory:
    """topology.txt of a run. Any thread."""

    def __init__(self, path):
        self._file = open(path, "w", encoding="utf-8")
        self._lock = threading.Lock()

    def write(self, kind, *fields):
        with self._lock:
            words = (kind, time.monotonic_ns() // 1000, *fields)
            self._file.write(" ".join(map(str, words)) + "\n")
            self._file.flush()


class ServerProcess:
    """One server that can be started, ended, stopped and started again under the same name."""

    def __init__(self, name, command, history, log_path, environment=None):
        self.name = name
        self._command = [str(word) for word in command]
        self._history = history
        self._log_path = log_path
        self._environment = {**os.environ, **(environment or {})}
        self._child = None
        self._watcher = None

    @property
    def pid(self):
        return self._child.pid

    @property
    def is_running(self):
        return self._child is not None and self._watcher.is_alive()

    def is_ready(self):
        """Whether it serves; for the class of server to say."""
        raise NotImplementedError

    def start(self):
        """Does not wait for it to be ready."""
        if self.is_running:
            raise RuntimeError(f"{self.name} runs already")
        with open(self._log_path, "a", encoding="utf-8") as log:
            self._child = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=log,
                                           stderr=log, env=self._environment,
                                           preexec_fn=prepare_child)
        self._history.write("B", self.name, self._child.pid)
        self._watcher = threading.Thread(target=self._watch, args=(self._child,), daemon=True)
        self._watcher.start()

    def _watch(self, child):
        self._history.write("Z", self.name, child.wait())

    def await_ready(self, seconds=PATIENCE_SECONDS):
        def is_ready():
            if not self.is_running:
                raise Failed(f"{self.name} ended before it was ready:\n{self.log_end()}")
            return self.is_ready()

        await_condition(is_ready, seconds, f"readiness of {self.name}")

    def send_end(self, number):
        """A signal after which it may end; `await_end` waits for that."""
        self._history.write("K", self.name, int(number))
        with contextlib.suppress(ProcessLookupError):  # the checker will ask why
            os.kill(self.pid, number)

    def await_end(self, seconds=STOP_SECONDS):
        self._watcher.join(seconds)
        if self._watcher.is_alive():
            raise Failed(f"{self.name} did not end within {seconds} s:\n{self.log_end()}")

    def terminate(self):
        self.send_end(signal.SIGTERM)
        self.await_end()

    def kill(self):
        self.send_end(signal.SIGKILL)
        self.await_end()

    def pause(self):
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self):
        with contextlib.suppress(ProcessLookupError):  # it has just ended
            os.kill(self.pid, signal.SIGCONT)

    def begin_stop(self):
        """At the end of a run: terminates it, if it runs."""
        if self.is_running:
            self.resume()
            self.send_end(signal.SIGTERM)

    def finish_stop(self):
        """Waits for its end, and ends it roughly if that does not come. Never raises."""
        if self._watcher is None:
            return
        self._watcher.join(STOP_SECONDS)
        if self._watcher.is_alive():
            os.kill(self.pid, signal.SIGABRT)  # without a line K 9: the checker will say so
            self._watcher.join()

    def log_end(self, lines=20):
        with open(self._log_path, encoding="utf-8", errors="replace") as log:
            return "".join(log.readlines()[-lines:])

    def rss_bytes(self):
        with open(f"/proc/{self.pid}/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * resource.getpagesize()

    def record_resources(self, label, with_memory, sessions=0, connections=0):
        descriptors = len(os.listdir(f"/proc/{self.pid}/fd"))
        rss = self.rss_bytes() if with_memory else "-"
        self._history.write("R", self.name, label, rss, descriptors, sessions, connections)


def prepare_child():
    """In the child: as many open files as allowed, and no life without the test."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def await_condition(condition, seconds, what):
    """Polls until `condition()` is true; for what cannot be awaited otherwise."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise Failed(f"not within {seconds} s: {what}")
        time.sleep(0.02)
