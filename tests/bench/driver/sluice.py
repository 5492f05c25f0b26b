"""The server under test, from outside: start, readiness, metrics."""

import re
import socket
import urllib.error
import urllib.request

from driver.process import Process, await_condition

_READY_SECONDS = 20
_METRIC = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$")


def free_ports(count):
    """Ports nobody listens on, below the range from which clients take theirs."""
    found = []
    for port in range(24_051, 32_000, 7):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise RuntimeError("no free ports")


class Sluice(Process):
    """`sluice serve`, or another `role` on the log of `nats`, a NatsServer; without one the log is
    in memory. `settings`: by name, e.g. "edge.retry": "5s"."""

    def __init__(self, binary, cores, log, shards=1, settings=None, environment=None, role="serve",
                 nats=None):
        self.grpc_port, self.http_port, self.admin_port = free_ports(3)
        variables = dict(environment or {})
        for name, value in (settings or {}).items():
            variables["SLUICE_" + name.upper().replace(".", "_")] = str(value)
        command = [binary, role, "--admin-listen", f"127.0.0.1:{self.admin_port}"]
        if role != "edge":
            command += ["--grpc-listen", f"127.0.0.1:{self.grpc_port}"]
        if role != "gateway":
            command += ["--http-listen", f"127.0.0.1:{self.http_port}", "--shards", shards]
        if role != "serve":
            command += ["--insecure"]
        if nats is not None:
            command += ["--nats", nats.url]
        super().__init__(command, cores, log, variables)
        self.grpc_address = f"127.0.0.1:{self.grpc_port}"
        await_condition(self._is_ready, _READY_SECONDS, "readiness of sluice")

    def _is_ready(self):
        if self.child.poll() is not None:
            raise RuntimeError(f"sluice ended with {self.child.returncode}; see its log")
        try:
            return self._get("/readyz").status == 200
        except (urllib.error.URLError, ConnectionError):
            return False

    def _get(self, path):
        return urllib.request.urlopen(f"http://127.0.0.1:{self.admin_port}{path}", timeout=5)

    def metric(self, name, **labels):
        """The sum of all series of `name` that carry `labels`."""
        total, seen = 0.0, False
        for line in self._get("/metrics").read().decode().splitlines():
            match = _METRIC.match(line)
            if match is None or match[1] != name:
                continue
            if all(f'{key}="{value}"' in (match[2] or "") for key, value in labels.items()):
                total, seen = total + float(match[3]), True
        if not seen:
            raise RuntimeError(f"no metric {name} {labels}")
        return total
