"""sluice processes: gateway, edge, or serve (both)."""

import json
import re

from lab.http_get import get
from lab.ports import free_port
from lab.process import Failed, ServerProcess

_METRIC = re.compile(r"^(\w+)(\{[^}]*\})? (\S+)$")


class Sluice(ServerProcess):
    """`role`: gateway, edge or serve. `settings`: by name, e.g. {"edge.retry": "1s"}."""

    def __init__(self, name, role, binary, folder, history, nats_urls=(), settings=None):
        self.role = role
        self.admin_port = free_port()
        self.http_port = free_port() if role in ("edge", "serve") else None
        self.grpc_port = free_port() if role in ("gateway", "serve") else None
        command = [binary, role, "--admin-listen", f"127.0.0.1:{self.admin_port}", "--insecure"]
        if nats_urls:
            command += ["--nats", ",".join(nats_urls)]
        if self.http_port:
            command += ["--http-listen", f"127.0.0.1:{self.http_port}", "--shards", 2]
        if self.grpc_port:
            command += ["--grpc-listen", f"127.0.0.1:{self.grpc_port}"]
        environment = {"SLUICE_" + key.upper().replace(".", "_"): str(value)
                       for key, value in (settings or {}).items()}
        super().__init__(name, command, history, folder / f"{name}.log", environment)

    @property
    def grpc_address(self):
        return f"127.0.0.1:{self.grpc_port}"

    def is_ready(self):
        return get(self.admin_port, "/readyz")[0] == 200

    def is_alive(self):
        return get(self.admin_port, "/livez")[0] == 200

    def waiting_for(self):
        """What /readyz names; empty if it is ready."""
        status, body = get(self.admin_port, "/readyz")
        if status == 200:
            return []
        try:
            return json.loads(body)["waiting_for"]
        except (ValueError, KeyError) as error:
            raise Failed(f"/readyz of {self.name} answered {status} {body!r}") from error

    def metric(self, name, **labels):
        """The sum of all series of `name` that carry `labels`; 0 if there is none."""
        total = 0.0
        for line in get(self.admin_port, "/metrics", seconds=10)[1].splitlines():
            match = _METRIC.match(line)
            if match is None or match[1] != name:
                continue
            if all(f'{key}="{value}"' in (match[2] or "") for key, value in labels.items()):
                total += float(match[3])
        return total

    def sessions(self):
        return int(self.metric("sluice_edge_sessions"))

    def connections(self):
        """Descriptors that clients cost: theirs, and both ends of each SockJS session's pipe."""
        return int(self.metric("sluice_edge_connections"))
