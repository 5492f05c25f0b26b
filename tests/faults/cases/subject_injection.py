"""User ids and topics that mean something to NATS or break its lines: each is refused, or delivered to
that one alone; a spy on `>` sees nothing but well-formed subjects of events."""

import json
import queue
import re
import subprocess
import tempfile

from lab.event_stream import EventStream
from lab.nats_client import NatsClient
from lab.process import Failed
from topology import Topology

_NAMES = [b"*", b">", b"a.b", b"a", b"b", b"a b", b"a\tb", b"x\r\nPUB x 1\r\ny", b"\n", b"\r", b"", b".", b"..",
          b"=", b"=2E", b"=2e", b"=0D=0A", b"$SYS", b"$SYS.REQ.SERVER.PING", b"_INBOX.x",
          b"$JS.API.STREAM.DELETE.SLUICE_DEFAULT_EVENTS", b"sluice.default.ev.u.a", b"u.a", b"a" * 256,
          b"." * 256, b"a" * 257, b"\xff\xfe", b"\xc0\xae", "\u0430".encode(), "\u202ea".encode(), b"\x7f"]
_SUBJECT = re.compile(r"sluice\.default\.ev\.[ut]\.(?:[A-Za-z0-9_-]|=[0-9A-F]{2})+")
_OWN = ("$JS.", "sluice.default.inbox.")  # Sluice's own requests, and answers to them
_DELIVERY = "$JS.ACK."  # the reply subject of what NATS delivers, to the spy as well
_REFUSED = 2  # the exit code of `sluice publish` for INVALID_ARGUMENT


def run(size):
    with tempfile.TemporaryDirectory(prefix="sluice-injection-") as folder:
        with Topology(folder, gateways=1, edges=1, settings={"edge.heartbeat_interval": "500ms"},
                      build=size.build) as topology:
            with NatsClient(topology.nats[0].port) as spy:
                subjects = spy.subscribe(">")
                figures = _publish_to_all(topology, size.build / "sluice")
                spy.flush()
                _demand_own_subjects(subjects, figures["stored"])
                spy.request("$JS.API.STREAM.INFO.SLUICE_DEFAULT_EVENTS")
            return figures


def _publish_to_all(topology, binary):
    port = topology.edges[0].http_port
    users = [EventStream(port, name) for name in _NAMES]
    topics = [EventStream(port, b"watcher", name) for name in _NAMES]
    bystander = EventStream(port, b"bystander")
    answers = {(kind, name): _publish(topology, binary, kind, name)
               for kind in (b"user", b"topic") for name in _NAMES}
    last = _publish(topology, binary, b"user", b"bystander")
    for kind, streams in ((b"user", users), (b"topic", topics)):
        for name, stream in zip(_NAMES, streams):
            _demand_own_event(kind + b"=" + name, answers[kind, name], stream, last)
    if [block.data for block in bystander.events_until(last)] != [b"user=bystander"]:
        raise Failed("the bystander got what was not for it")
    stored = [answer for answer in answers.values() if answer]
    return {"names": len(answers), "stored": len(stored) + 1, "refused": len(answers) - len(stored)}


def _publish(topology, binary, kind, name):
    """The id of the event, or "" if the gateway refuses the name."""
    data = kind + b"=" + name.replace(b"\r", b"?").replace(b"\n", b"?")
    done = subprocess.run([bytes(binary), b"publish", b"--server", topology.gateways[0].grpc_address.encode(),
                           b"--" + kind + b"=" + name, data], capture_output=True, check=False, timeout=30)
    if done.returncode not in (0, _REFUSED):
        raise Failed(f"publish {kind} {name} ended with {done.returncode}: {done.stderr}")
    return json.loads(done.stdout)["event_id"] if done.returncode == 0 else ""


def _demand_own_event(target, answer, stream, last):
    if not answer:
        if stream.status == 200 and stream.events_until(last):
            raise Failed(f"{target} was refused, and its stream got an event")
        return
    if stream.status != 200:
        raise Failed(f"{target} can be published to and not be followed: {stream.status}")
    events = stream.events_until(last)
    if [block.id for block in events] != [answer]:
        raise Failed(f"{target} got {events} instead of {answer}")


def _demand_own_subjects(subjects, stored):
    seen = 0
    while True:
        try:
            subject, _, reply = subjects.get_nowait()
        except queue.Empty:
            break
        if _SUBJECT.fullmatch(subject):
            seen += not reply.startswith(_DELIVERY)
        elif not subject.startswith(_OWN) or "STREAM.DELETE" in subject:
            raise Failed(f"the spy saw a message to {subject!r}")
    if seen != stored:
        raise Failed(f"the spy saw {seen} events, {stored} were stored")
