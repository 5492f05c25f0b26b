"""A `sluice serve` on free ports, and programs whose output is awaited."""

import os
import pathlib
import queue
import re
import subprocess
import threading

PATIENCE_SECONDS = 30


class Console:
    """A running program. Its lines are read as they come; `seen` has those looked at so far."""

    def __init__(self, command, **options):
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options)
        self._lines = queue.Queue()
        self.seen = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self._process.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def wait_for(self, pattern):
        """The next line that contains the text, or matches the compiled expression."""
        expression = pattern if isinstance(pattern, re.Pattern) else re.compile(re.escape(pattern))
        while True:
            try:
                line = self._lines.get(timeout=PATIENCE_SECONDS)
            except queue.Empty:
                line = None
            if line is None:
                raise AssertionError(f"no {expression.pattern!r} in {self.seen}")
            self.seen.append(line)
            found = expression.search(line)
            if found:
                return found

    def stop(self):
        self._process.terminate()
        return self._process.wait(timeout=PATIENCE_SECONDS)


class Server:
    """A server for one test, in a `with` block; stops what it started, the server last."""

    def __init__(self, root, build):
        self._root = root
        self.build = pathlib.Path(build)
        self._consoles = []

    def __enter__(self):
        self._console = Console([self.build / "sluice", "serve", "--grpc-listen", "127.0.0.1:0",
                                 "--http-listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
        self._ports = {name: self._console.wait_for(pattern)[1] for name, pattern in (
            ("grpc", re.compile(r"gRPC.*:(\d+)")), ("http", re.compile(r"http://.*:(\d+)")))}
        return self

    def __exit__(self, *unused):
        for console in self._consoles:
            console.stop()
        assert self._console.stop() == 0, "the server did not stop cleanly"

    def localize(self, code):
        """The README's code, with the ports of this server."""
        grpc, http = (f"127.0.0.1:{self._ports[name]}" for name in ("grpc", "http"))
        code = re.sub("build/release/sluice (publish|receive)",
                      rf"{self.build}/sluice \1 --server {grpc}", code)
        return code.replace("127.0.0.1:50051", grpc).replace("127.0.0.1:8080", http)

    def run(self, script):
        subprocess.check_call(["bash", "-euc", self.localize(script)], cwd=self._root)

    def start(self, command, first, env=None, folder=None):
        """Starts a program and waits for its first word."""
        console = self.background(command, env, folder)
        console.wait_for(first)
        return console

    def background(self, command, env=None, folder=None):
        """Starts a program that says nothing."""
        console = Console(command, cwd=folder or self._root, env=env or os.environ)
        self._consoles.append(console)
        return console

    def follow(self, script):
        """Starts a script that ends in `curl -N` and waits until its stream is connected."""
        return self.start(["bash", "-euc", self.localize(script).replace("curl -N", "exec curl -sN")],
                          "event: connected")
