"""Gateway and edge start before NATS: alive, not ready, saying for what; they turn ready when it comes. And
SIGTERM ends them in good order while NATS is away or silent."""

import tempfile
from pathlib import Path

from invariants.finding import Findings, read_lines
from invariants.processes import check_ends
from lab.process import Failed, await_condition
from topology import Topology

_SECONDS = 20


def run(size):
    with tempfile.TemporaryDirectory(prefix="sluice-late-") as folder:
        topology = Topology(folder, gateways=1, edges=1, build=size.build)
        try:
            _run(topology)
        finally:
            topology.stop()
        findings = Findings()
        check_ends(list(read_lines(Path(folder) / "topology.txt")), findings)
    if findings.violations:
        raise Failed(str(findings))
    return findings.figures


def _run(topology):
    server = topology.nats[0]
    for leave in (server.kill, server.pause):
        for process in topology.sluices:
            process.start()
        _await_waiting(topology)
        if not server.is_running:
            server.start()
        topology.await_ready()
        leave()
        _await_waiting(topology)
        for process in topology.sluices:
            process.terminate()


def _await_waiting(topology):
    """Each is alive and says that it waits for NATS."""
    for process in topology.sluices:
        await_condition(lambda one=process: one.is_alive() and "nats" in one.waiting_for(), _SECONDS,
                        f"{process.name} says that it waits for nats")
