"""WebSocket and STOMP beside SSE: fan-out and memory."""

import statistics
from contextlib import ExitStack

from driver.process import await_condition
from driver.result import Result, judge
from driver.rounds import Sample, run_rounds
from driver.rows import memory
from driver.rows.fanout import DATA_BYTES, EVENTS_PER_SECOND, MIN_WRITES, QUIET, TARGET
from driver.sluice import Sluice
from driver.tools import Floor, Load, Loss, demand_clean, publish
from driver.window import Window

NAMES = {"sse": "SSE", "json": "WebSocket", "stomp": "STOMP", "sockjs": "SockJS"}
WIRES = ("sse", "json", "stomp")
MAX_BESIDE_SSE = 1.2
MEMORY_TARGETS = {"json": 0.8 * 1024, "stomp": None}


def measure(bench):
    return _fanout(bench) + [measure_memory(bench, f"protocols.{wire}.memory", wire, target)
                             for wire, target in MEMORY_TARGETS.items()]


class Servers:
    """For each of `wires` a server of its own with `sessions`, inside `stack`, to be measured in the same rounds."""

    def __init__(self, bench, stack, wires, sessions, *load_options):
        self._bench = bench
        self.by_wire, self.loads, self.frame_bytes = {}, {}, {}
        for wire in wires:
            self.by_wire[wire] = stack.enter_context(
                Sluice(bench.sluice, bench.server_cores, bench.log, settings=QUIET))
            self.loads[wire] = stack.enter_context(Load(
                bench, self.by_wire[wire].http_port, sessions, "--topic", "t1", "--wire", wire, *load_options))
            self.loads[wire].open()
            self.frame_bytes[wire] = _publish(bench, self.by_wire[wire], self.loads[wire], 1)["session_bytes_max"]

    def arms(self, events):
        """What run_rounds takes."""
        return {wire: lambda w=wire: _arm(self._bench, self.by_wire[w], self.loads[w], events) for wire in self.loads}

    def describe(self, rounds, events):
        """Lines of figures."""
        us = {arm: rounds.spread(lambda r, a=arm: r[a]["us"]).median for arm in rounds.kept[0]}
        return ["µs of CPU per delivery: "
                + ", ".join(f"{NAMES.get(arm, arm)} {value:.2f}" for arm, value in us.items()),
                f"{rounds.summary()}, of {events} events each, {EVENTS_PER_SECOND} a second; octets of a frame: "
                + ", ".join(f"{NAMES[wire]} {octets}" for wire, octets in self.frame_bytes.items())]


def _fanout(bench):
    """All protocols and the floor in the same rounds."""
    with ExitStack() as stack:
        servers = Servers(bench, stack, WIRES, bench.sessions)
        floor = stack.enter_context(Floor(bench, frame_bytes=servers.frame_bytes["json"]))
        floor_load = stack.enter_context(Load(bench, floor.http_port, bench.sessions))
        floor_load.open()
        floor.ask(f"wait {bench.sessions}")
        events = int(EVENTS_PER_SECOND * bench.seconds)
        rounds = run_rounds(
            bench, servers.arms(events) | {"floor": lambda: _floor_arm(floor, floor_load, events)})
        for load in servers.loads.values():
            load.ask("close")
        verified = {wire: _verify_all(bench, servers.by_wire[wire], wire) for wire in ("json", "stomp")}
    return [_to_floor(bench, servers, rounds, events, verified)] + [
        compare(rounds, f"protocols.{wire}", f"the same over {NAMES[wire]}: CPU per delivery / SSE", wire, "sse",
                MAX_BESIDE_SSE, [f"{bench.sessions} sessions parsed all of {verified[wire]} deliveries."])
        for wire in ("json", "stomp")]


def _publish(bench, sluice, load, events):
    """Publishes to the topic; the generator's report once every session has every event."""
    load.reset()
    published = publish(bench, sluice.grpc_address, method="stream", target="topic", name="t1",
                        events=events, rate=EVENTS_PER_SECOND, data_bytes=DATA_BYTES)
    report = demand_clean(load.ask(f"events {events}"))
    seen = {(report[f"session_events_{end}"], report[f"session_id_sum_{end}"]) for end in ("min", "max")}
    if seen != {(published["stored"], published["id_sum"])}:
        raise Loss(f"sessions saw (events, sum of ids) {seen}, published were {published['stored']}")
    # Over SockJS two events that are late may share a frame, and then all sessions are parsed.
    if report["parsing"] < report["sessions"] and report["session_bytes_min"] != report["session_bytes_max"]:
        raise Loss(f"sessions got {report['session_bytes_min']} to {report['session_bytes_max']} octets")
    return report


def _arm(bench, sluice, load, events):
    writes = sluice.metric("sluice_edge_socket_writes_total")
    with Window(sluice, [load]) as window:
        _publish(bench, sluice, load, events)
    writes = sluice.metric("sluice_edge_socket_writes_total") - writes
    deliveries = events * load.sessions
    sample = Sample({"us": window.cpu_ns / deliveries / 1e3}, window.voids())
    if writes < MIN_WRITES * deliveries:
        sample.voids.append(f"only {writes / deliveries:.3f} writes per delivery")
    return sample


def _floor_arm(floor, load, events):
    load.reset()
    with Window(floor, [load]) as window:
        pushed = floor.push(f"fanout {events} {EVENTS_PER_SECOND}")
        load.await_bytes(pushed["bytes"])
    return Sample({"us": window.cpu_ns / pushed["sends"] / 1e3}, window.voids())


def _verify_all(bench, sluice, wire):
    """A run apart in which every session parses everything."""
    await_condition(lambda: sluice.metric("sluice_edge_sessions") == 0, 30, "no session left")
    with Load(bench, sluice.http_port, bench.sessions, "--topic", "t1", "--parse", 1, "--wire", wire) as load:
        load.open()
        return _publish(bench, sluice, load, 10)["events"]


def _to_floor(bench, servers, rounds, events, verified):
    what = (f"fan-out, 1 event of {DATA_BYTES} B to {bench.sessions:,} WebSocket sessions: CPU per delivery "
            "/ bare send() loop")
    if not rounds.kept:
        return Result("protocols.fanout", what, f"<= {TARGET} x", "-", "void", notes=rounds.noise())
    ratio = rounds.spread(lambda r: r["json"]["us"] / r["floor"]["us"])
    return Result(
        "protocols.fanout", what, f"<= {TARGET} x",
        f"{ratio.median:.2f} x ({ratio.least:.2f} to {ratio.most:.2f})",
        judge(ratio.median, TARGET, rounds),
        raw=servers.describe(rounds, events),
        notes=[f"Apart from the rounds, {bench.sessions} sessions parsed all of {verified['json']} deliveries."]
        + rounds.noise())


def compare(rounds, row, what, wire, other, limit, notes, raw=()):
    """The row that says what a delivery over `wire` costs, in those of `other`. `limit`: None: there is no target."""
    target = "-" if limit is None else f"<= {limit} x"
    if not rounds.kept:
        return Result(row, what, target, "-", "void", notes=rounds.noise())
    ratio = rounds.spread(lambda r: r[wire]["us"] / r[other]["us"])
    return Result(row, what, target, f"{ratio.median:.2f} x ({ratio.least:.2f} to {ratio.most:.2f})",
                  "reported" if limit is None else judge(ratio.median, limit, rounds), raw=list(raw),
                  notes=notes + rounds.noise())


def measure_memory(bench, row, wire, target, steps=memory.STEPS):
    runs = [memory.slope(memory.measure_once(bench, steps, None, ("--wire", wire))["idle"])
            for _ in range(1 if bench.quick else 3)]
    median = statistics.median(runs)
    return Result(
        row, f"user memory per idle {NAMES[wire]} session, slope over {steps[0] // 1_000} k to {steps[-1] // 1_000} k",
        "-" if target is None else f"<= {target:.0f} B",
        f"{median:.0f} B ({min(runs):.0f} to {max(runs):.0f})",
        "reported" if target is None else judge(median, target))
