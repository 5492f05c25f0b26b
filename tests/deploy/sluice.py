"""Gateway and edge as processes, and the browser's side of an edge."""

import json
import re
import socket
import subprocess
import sys
import time
import urllib.parse

from nats_server import PASSWORDS
from processes import BUILD, PATIENCE_SECONDS, ROOT, Process, await_condition, free_port, http_get

_SAMPLE = re.compile(r"^(\w+)(\{[^}]*\})? (\S+)$", re.M)


def variables(settings):
    return {"SLUICE_" + key.upper().replace(".", "_"): str(value) for key, value in settings.items()}


class Served(Process):
    """A process with an admin port."""

    def is_ready(self):
        return http_get(self.admin_port, "/readyz")[0] == 200

    def waiting_for(self):
        status, body = http_get(self.admin_port, "/readyz")
        return json.loads(body)["waiting_for"] if status == 503 else []

    def metric(self, name, **labels):
        """The sum of the series of that name that carry the labels."""
        text = http_get(self.admin_port, "/metrics")[1]
        return sum(float(value) for found, series, value in _SAMPLE.findall(text)
                   if found == name and all(f'{k}="{v}"' in series for k, v in labels.items()))

    def await_metric(self, name, value, **labels):
        await_condition(lambda: self.metric(name, **labels) == value,
                        lambda: f"{name} {labels} is {self.metric(name, **labels)}, not {value}")


class Sluice(Served):
    """`role`: gateway or edge. With the sluice.toml of `profile`, and `settings` of the machine beside it."""

    def __init__(self, test, role, profile, urls, settings=None, name=None):
        self.port, self.admin_port = free_port(), free_port()
        listen = "--grpc-listen" if role == "gateway" else "--http-listen"
        configuration = ROOT / "deploy/nats" / profile / "sluice.toml"
        command = [BUILD / "sluice", role, "--config", configuration, "--nats", ",".join(urls), "--insecure",
                   listen, f"127.0.0.1:{self.port}", "--admin-listen", f"127.0.0.1:{self.admin_port}"]
        super().__init__(name or role, command, test.folder,
                         variables({"nats.user": role, "nats.password": PASSWORDS[role]} |
                                   (settings or {})))
        test.run_until_the_end(self)


class Serve(Served):
    """`sluice serve` with this configuration (TOML): gateway and edge in one, the log in memory."""

    def __init__(self, test, configuration, name="serve"):
        self.port, self.grpc_port, self.admin_port = free_port(), free_port(), free_port()
        self.configuration = test.folder / f"{name}.toml"
        self.configuration.write_text(configuration)
        super().__init__(name, [BUILD / "sluice", "serve", "--config", self.configuration,
                                "--http-listen", f"127.0.0.1:{self.port}",
                                "--grpc-listen", f"127.0.0.1:{self.grpc_port}",
                                "--admin-listen", f"127.0.0.1:{self.admin_port}"], test.folder)
        test.run_until_the_end(self)


def publish(gateway, user, data, kind="note"):
    """Through gRPC; the id of the stored event, or None if that is not certain now."""
    command = [BUILD / "sluice", "publish", "--server", f"127.0.0.1:{gateway.port}", "--user", user,
               "--type", kind, data]
    answer = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                            timeout=PATIENCE_SECONDS)
    if answer.returncode == 0:
        return json.loads(answer.stdout)["event_id"]
    print(answer.stderr, file=sys.stderr)
    return None


class EventStream:
    """One browser's stream, read block by block."""

    def __init__(self, port, user, last_event_id=None, topics=(), path="/v1/events", token=None):
        query = urllib.parse.urlencode([("user", user)] + [("topic", topic) for topic in topics])
        self._socket = socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS)
        headers = f"Last-Event-ID: {last_event_id}\r\n" if last_event_id else ""
        headers += f"Authorization: Bearer {token}\r\n" if token else ""
        self._socket.sendall(f"GET {path}?{query} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n".encode())
        self._file = self._socket.makefile("rb")
        self.status = int(self._file.readline().split()[1])
        self.headers = {}
        while (line := self._file.readline().strip()):
            name, value = line.decode().split(": ", 1)
            self.headers[name.lower()] = value
        self._is_chunked = self.headers.get("transfer-encoding") == "chunked"
        self._body = b""

    def close(self):
        self._file.close()
        self._socket.close()

    def next_event(self):
        """The next block with data, as {"id", "event", "data"}; None at the end of the stream."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            block = self._next_block()
            if block is None or "data" in block:
                return block
            assert time.monotonic() < deadline, "nothing but heartbeats"

    def _next_block(self):
        while b"\n\n" not in self._body:
            piece = self._read_piece()
            if not piece:
                return None
            self._body += piece
        text, self._body = self._body.split(b"\n\n", 1)
        fields = {}
        for line in text.decode().split("\n"):
            name, _, value = line.partition(": ")
            fields[name] = fields[name] + "\n" + value if name in fields else value
        return fields

    def _read_piece(self):
        if not self._is_chunked:
            return self._file.read1(65536)
        size = int(self._file.readline() or b"0", 16)
        piece = self._file.read(size)
        self._file.readline()
        return piece


def connect(test, edge, user, **options):
    """A stream that is connected."""
    port = edge if isinstance(edge, int) else edge.port
    stream = EventStream(port, user, **options)
    test.addCleanup(stream.close)
    first = stream.next_event()
    test.assertEqual(first["event"], "connected")
    return stream
