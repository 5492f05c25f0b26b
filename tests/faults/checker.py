#!/usr/bin/env python3
"""Checks the invariants I1 to I6 over the histories of one run: checker.py FOLDER

publisher.txt, subscribers.txt and topology.txt; README.md lists their lines. What a run may show and
another may not is an argument: which gaps, and whether a publish may be stored twice."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from invariants.client import Client  # noqa: E402
from invariants.event_log import EventLog  # noqa: E402
from invariants.finding import Findings, read_id, read_lines  # noqa: E402
from invariants.processes import check_ends, check_resources  # noqa: E402

ALL_GAPS = frozenset(("expired", "epoch", "invalid", "overflow"))


def check(folder, gaps_allowed=ALL_GAPS, doubles_allowed=False):
    """Findings over the histories in `folder`."""
    folder = Path(folder)
    return check_lines(list(read_lines(folder / "publisher.txt")),
                       list(read_lines(folder / "subscribers.txt")),
                       list(read_lines(folder / "topology.txt")), gaps_allowed, doubles_allowed)


def check_lines(publisher, subscribers, topology, gaps_allowed=ALL_GAPS, doubles_allowed=False):
    findings = Findings()
    log = EventLog(findings, doubles_allowed)
    log.take_publisher(publisher)
    log.take_subscribers(subscribers)
    findings.count("acknowledged", log.acknowledged)
    _check_clients(subscribers, log, _awaited(topology), findings, gaps_allowed)
    check_ends(topology, findings)
    check_resources(topology, findings)
    by_protocol = [figure for figure in findings.figures if figure.startswith("delivered_")]
    for figure in ("acknowledged", "delivered", "processes", *by_protocol):
        if not findings.figures.get(figure):
            findings.add("I1", f"nothing was checked: {figure} is 0")
    return findings


def _awaited(topology):
    """The id that the test waited for everybody to have, last."""
    awaited = [fields[0] for kind, _, *fields in topology if kind == "Q"]
    return read_id(awaited[-1]) if awaited else None


def _check_clients(subscribers, log, awaited, findings, gaps_allowed):
    clients = {}
    for kind, _, name, *fields in subscribers:
        if kind == "S":
            clients[name] = Client(name, *fields, findings, gaps_allowed)
        elif kind == "T":
            clients[name].channels.add(fields[0])
    for client in clients.values():
        client.expect_from(log)
    for kind, _, name, *fields in subscribers:
        if kind not in "ST":
            clients[name].take(kind, fields, log)
    for client in clients.values():
        client.finish(awaited)
        findings.count(f"delivered_{client.wire}", 0)
    findings.count("clients", len(clients))


def main(folder):
    findings = check(folder)
    print(findings)
    print(" ".join(f"{name}={number}" for name, number in sorted(findings.figures.items())))
    return 1 if findings.violations else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
