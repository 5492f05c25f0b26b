"""nats-server with the files of deploy/nats, on free ports of this machine."""

import json

from processes import ROOT, Process, free_port, http_get, program

PASSWORDS = {"gateway": "g-password", "edge": "e-password"}


def environment(name, store, certificates=None):
    """What the files take from the environment."""
    found = {f"NATS_{user.upper()}_PASSWORD": word for user, word in PASSWORDS.items()}
    if certificates:
        found |= {"NATS_CERT": str(certificates.server), "NATS_KEY": str(certificates.server_key),
                  "NATS_CA": str(certificates.authority)}
    return found | {"NATS_NAME": name, "NATS_STORE": str(store)}


class NatsServer(Process):
    """`profile`: a folder, from deploy/nats. Flags replace only what belongs to a machine: addresses and ports."""

    def __init__(self, profile, folder, name="nats-1", port=None, flags=(), certificates=None):
        self.port, self.monitor_port = port or free_port(), free_port()
        self.is_tls = certificates is not None
        configuration = ROOT / "deploy/nats" / profile / "nats-server.conf"
        command = [program("nats-server", "NATS_SERVER"), "-c", configuration, "-a", "127.0.0.1",
                   "-p", self.port, "-m", self.monitor_port, *flags]
        super().__init__(name, command, folder,
                         environment(name, folder / f"{name}-store", certificates))

    @property
    def url(self):
        return f"{'tls' if self.is_tls else 'nats'}://127.0.0.1:{self.port}"

    def is_ready(self):
        return http_get(self.monitor_port, "/healthz")[0] == 200

    def stream(self, name="SLUICE_DEFAULT_EVENTS"):
        """What this server says of the stream, with its `config` and `state`; {} if it has none."""
        detail = json.loads(http_get(self.monitor_port, "/jsz?streams=1&config=1")[1] or "{}")
        return next((stream for account in detail.get("account_details", [])
                     for stream in account.get("stream_detail", []) if stream["name"] == name), {})

    def stream_config(self):
        """Of the stream of events, or None."""
        return self.stream().get("config")


def start_cluster(test, profile, certificates):
    """Three servers that have found each other."""
    routes = [free_port() for _ in range(3)]
    peers = ",".join(f"nats://127.0.0.1:{port}" for port in routes)
    servers = [test.run_until_the_end(NatsServer(
        profile, test.folder, f"nats-{i + 1}", certificates=certificates,
        flags=("--cluster", f"nats://127.0.0.1:{routes[i]}", "--routes", peers)))
        for i in range(3)]
    return [server.await_ready() for server in servers]
