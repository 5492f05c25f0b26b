"""SockJS over its transport `websocket` beside the STOMP that it carries: cost of a delivery, memory."""

from contextlib import ExitStack

from driver.rounds import run_rounds
from driver.rows.fanout import DATA_BYTES, EVENTS_PER_SECOND
from driver.rows.protocols import Servers, compare, measure_memory

WIRES = ("stomp", "sockjs")
# The server has 20,000 descriptors, and a session takes three: its socket and both ends of its pipe.
SESSIONS = 5_000
MEMORY_STEPS = (1_000, 2_000, 4_000, 6_000)


def measure(bench):
    return [_fanout(bench, min(bench.sessions, SESSIONS)),
            measure_memory(bench, "sockjs.memory", "sockjs", None, MEMORY_STEPS)]


def _fanout(bench, sessions):
    with ExitStack() as stack:
        servers = Servers(bench, stack, WIRES, sessions, "--parse", 1)
        events = int(EVENTS_PER_SECOND * bench.seconds)
        rounds = run_rounds(bench, servers.arms(events))
    return compare(
        rounds, "sockjs", f"fan-out, 1 event of {DATA_BYTES} B to {sessions:,} sessions of STOMP over SockJS "
        "(websocket): CPU per delivery / STOMP", "sockjs", "stomp", None,
        ["Each delivery goes through a pipe within the edge, is quoted and framed for its session alone. All sessions "
         "parsed everything: each had every event once, in order."],
        servers.describe(rounds, events) if rounds.kept else ())
