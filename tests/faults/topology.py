#!/usr/bin/env python3
"""NATS, gateways and edges as plain processes on free ports: `topology.py up`, then commands on stdin.

  up [--nats 0|1|3] [--gateways N] [--edges N] [--links] [--folder DIR]
     --nats 0   one `sluice serve` with the log in memory instead
     --links    in a network namespace of its own, where links to NATS can be cut, of three servers those
                to their peers
  commands: list | start NAME | terminate NAME | kill NAME | pause NAME | resume NAME
            cut NAME to|from | isolate NATS | heal | down
"""

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from lab import links  # noqa: E402
from lab.nats_server import NatsServer, find_nats_server  # noqa: E402
from lab.process import Failed, Skipped, TopologyHistory  # noqa: E402
from lab.sluice import Sluice  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]


class Topology:
    """`with Topology(...) as topology`: everything runs and is ready inside, and is ended after it.

    `settings`: of all sluice processes. `url_of(name, topology)`: the URL of NATS for one of them, where a
    proxy is between the two."""

    def __init__(self, folder, nats=1, gateways=2, edges=3, settings=None, with_links=False,
                 url_of=None, build=ROOT / "build/release"):
        self.folder = Path(folder)
        self.history = TopologyHistory(self.folder / "topology.txt")
        self.binary = Path(build) / "sluice"
        self._settings = dict(settings or {})
        self.nats = self._make_nats(nats, with_links)
        self.links = links.Links(self.nats[0].port) if with_links else None
        self._url_of = url_of
        if nats:
            if nats > 1:
                self._settings.setdefault("nats.replicas", nats)
            self.gateways = [self._make(f"gateway{i + 1}", "gateway") for i in range(gateways)]
            self.edges = [self._make(f"edge{i + 1}", "edge") for i in range(edges)]
        else:
            self.gateways = self.edges = [self._make("serve1", "serve")]

    def _make_nats(self, number, with_links):
        if not number:
            return []
        binary = find_nats_server(ROOT, in_cluster=number > 1)
        addresses = [("0.0.0.0", f"127.0.2.{i + 1}") if with_links else ("127.0.0.1", "127.0.0.1")
                     for i in range(number)]
        servers = [NatsServer(f"nats{i + 1}", binary, self.folder, self.history, *addresses[i])
                   for i in range(number)]
        if number > 1:
            for server in servers:
                server.set_routes(servers)
        return servers

    def _make(self, name, role):
        if not self.nats:
            urls = []
        elif self.links and len(self.nats) == 1:
            urls = [self.links.url(name)]
        elif self._url_of:
            urls = [self._url_of(name, self)]
        else:
            urls = [server.url for server in self.nats]
        return Sluice(name, role, self.binary, self.folder, self.history, urls, self._settings)

    @property
    def sluices(self):
        return list(dict.fromkeys(self.gateways + self.edges))

    @property
    def processes(self):
        return self.nats + self.sluices

    def __getitem__(self, name):
        return next(process for process in self.processes if process.name == name)

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        for group in (self.nats, self.sluices):
            for process in group:
                process.start()
            for process in group:
                process.await_ready()

    def stop(self):
        if self.links:
            self.links.heal()
        for group in (self.sluices, self.nats):
            for process in group:
                process.begin_stop()
            for process in group:
                process.finish_stop()

    def await_ready(self, seconds=60):
        for process in self.sluices:
            if process.is_running:
                process.await_ready(seconds)

    def record_resources(self, label, with_memory=False):
        for process in self.sluices:
            if process.is_running:
                of_clients = (process.sessions(), process.connections()) if process in self.edges else ()
                process.record_resources(label, with_memory, *of_clients)


def describe(topology):
    for server in topology.nats:
        print(f"{server.name:10} {server.url}  monitor http://127.0.0.1:{server.monitor_port}/")
    for process in topology.sluices:
        parts = [f"{process.name:10}"]
        if process.grpc_port:
            parts.append(f"gRPC {process.grpc_address}")
        if process.http_port:
            parts.append(f"http://127.0.0.1:{process.http_port}/")
        parts.append(f"admin http://127.0.0.1:{process.admin_port}/")
        parts.append("ready" if process.is_running and process.is_ready() else "not ready")
        print("  ".join(parts))
    sys.stdout.flush()


def obey(topology, line):
    """One command of the user; False at `down`."""
    verb, *names = line.split() or [""]
    if verb == "down":
        return False
    if verb == "heal":
        topology.links.heal()
    elif verb == "cut":
        topology.links.cut(*names)
    elif verb == "isolate":
        topology.links.isolate(topology[names[0]])
    elif verb in ("start", "terminate", "kill", "pause", "resume"):
        getattr(topology[names[0]], verb)()
    describe(topology)
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("verb", choices=["up"])
    parser.add_argument("--nats", type=int, default=1, choices=[0, 1, 3])
    parser.add_argument("--gateways", type=int, default=2)
    parser.add_argument("--edges", type=int, default=3)
    parser.add_argument("--links", action="store_true")
    parser.add_argument("--folder", help="of stores and logs; default: a new one, removed at the end")
    parser.add_argument("--build", type=Path, default=ROOT / "build/release")
    options = parser.parse_args()
    if options.links:
        links.enter()
    with tempfile.TemporaryDirectory(prefix="sluice-") as scratch:
        folder = Path(options.folder or scratch)
        folder.mkdir(parents=True, exist_ok=True)
        with Topology(folder, options.nats, options.gateways, options.edges,
                      with_links=options.links, build=options.build) as topology:
            describe(topology)
            follow_commands(topology)


def follow_commands(topology):
    for line in sys.stdin:
        try:
            if not obey(topology, line):
                return
        except (Failed, StopIteration, IndexError, AttributeError, TypeError, RuntimeError) as error:
            print(f"{line.strip()}: {error or 'no such process'}", flush=True)


if __name__ == "__main__":
    try:
        main()
    except (Failed, Skipped) as error:
        sys.exit(f"topology: {error}")
    except KeyboardInterrupt:
        pass
