"""One run of one fault: a topology under load, and the verdict over its histories."""

import shutil
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from checker import check
from lab.process import Failed
from lab.programs import Publisher, Subscribers
from topology import ROOT, Topology

# Idle clients learn soon how far the log is, and reconnect soon; retention is the default, longer than
# any fault that does not shorten it.
_SETTINGS = {"edge.heartbeat_interval": "500ms", "edge.retry": "1s", "edge.stop_grace": "5s"}
_TOPICS = 10
SHARED_TOPIC = "tall"
# Whose session is at the edge that they are connected to.
DIRECT_WIRES = ("sse", "json", "stomp", "sockjs")
# A quarter each; half of SockJS is over WebSocket.
_WIRES = [wire for sockjs in ("sockjs", "sockjs-xhr-streaming", "sockjs", "sockjs-xhr")
          for wire in ("sse", "json", "stomp", sockjs)]


@dataclass(frozen=True)
class Size:
    """The short form of a fault is a test of every change, the long one has the issue's figures."""

    name: str
    clients: int
    rate: int
    storm: int  # clients that reconnect at once
    build: Path = ROOT / "build/release"

    @property
    def is_long(self):
        return self.name == "long"

    def pick(self, short, long):
        return long if self.is_long else short


SHORT = Size("short", clients=300, rate=200, storm=2_000)
LONG = Size("long", clients=2_000, rate=1_000, storm=10_000)


class Trial:
    """`with Trial(name, size, ...) as trial`: all clients are connected and events flow.

    `gaps`: reasons that clients may be told; any other gap is a loss. Other arguments go to Topology."""

    def __init__(self, name, size, gaps=(), doubles_allowed=False, settings=None, clients=None, wires=_WIRES,
                 subscriber_options=(), publisher_options=(), **topology):
        self.size = size
        self.clients = clients or size.clients
        self._gaps = frozenset(gaps)
        self._doubles_allowed = doubles_allowed
        self._build = size.build
        self._options = (*(word for wire in wires for word in ("--wire", wire)), *subscriber_options), publisher_options
        self.folder = Path(tempfile.mkdtemp(prefix=f"sluice-{name}-"))
        self._stack = ExitStack()
        self.topology = Topology(self.folder, settings={**_SETTINGS, **(settings or {})},
                                 build=self._build, **topology)

    def __enter__(self):
        try:
            self._stack.enter_context(self.topology)
            subscriber_options, publisher_options = self._options
            self.subscribers = Subscribers(
                self._build, self.topology, self.clients, "--topics", _TOPICS, "--topic-followers",
                self.clients // 10, "--shared-topic", SHARED_TOPIC, *subscriber_options)
            self._stack.callback(self.subscribers.stop)
            self.publisher = Publisher(
                self._build, self.topology, "--users", self.clients, "--topics", _TOPICS,
                "--topic-share", 0.02, *publisher_options)
            self._stack.callback(self.publisher.stop)
            self.subscribers.demand(f"connected {self.clients}", 60)
            self.publish()
            self.flow()
            self.record_base()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, kind, *_):
        self._stack.close()
        if kind is None:
            shutil.rmtree(self.folder)
        else:
            print(f"    histories and logs are kept in {self.folder}", flush=True)

    def publish(self):
        """From now on, at the rate of the size."""
        self.publisher.ask(f"start {self.size.rate}")

    def flow(self, seconds=1.0):
        """Lets about so many seconds of load go by, told by the events that arrive."""
        self.subscribers.await_events(int(self.size.rate * seconds))

    def record_base(self, with_memory=False):
        """What I6 compares the end with. Memory only where the run has filled what it will fill."""
        self._with_memory = with_memory
        self.topology.record_resources("base", with_memory)

    def settle(self, seconds=60):
        """Ends the load and waits until everybody has everything; the answers of both programs."""
        self.topology.await_ready(seconds)
        published = self.publisher.pause(seconds)
        # STOMP says where a stream stands with an event alone: one for everybody ends it.
        published = self.publisher.ask(f"send {SHARED_TOPIC} 1 1")
        caught_up = self.await_all(published["last_id"], seconds)
        self.topology.record_resources("end", self._with_memory)
        return published, caught_up

    def await_all(self, event_id, seconds=60):
        caught_up = self.subscribers.demand(f"caught-up {event_id}", seconds)
        self.topology.history.write("Q", event_id)
        return caught_up

    def verify_unnoticed(self):
        """Settles and verifies; Failed too if a client, but for SockJS over xhr, was disconnected."""
        published, answer = self.settle()
        figures = self.verify()
        if answer["disconnects"]:
            raise Failed(f"{answer['disconnects']} clients were disconnected")
        return {**figures, "retries": published["retries"], "given_up": published["failed"]}

    def verify(self):
        """Ends everything; Failed with the violations, or the figures of what was checked."""
        self._stack.close()
        findings = check(self.folder, self._gaps, self._doubles_allowed)
        if findings.violations:
            raise Failed(str(findings))
        return findings.figures
