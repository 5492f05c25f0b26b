"""WebSocket and STOMP beside SSE: fan-out, memory, idle."""

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

WIRES = {"sse": "SSE", "json": "WebSocket", "stomp": "STOMP"}
MAX_BESIDE_SSE = 1.2
MEMORY_TARGETS = {"json": 0.8 * 1024, "stomp": None}


def measure(bench):
    return _fanout(bench) + [_memory(bench, wire) for wire in MEMORY_TARGETS]


def _fanout(bench):
    """All protocols and the floor in the same rounds; each has a server of its own."""
    with ExitStack() as stack:
        servers, loads, frame_bytes = {}, {}, {}
        for wire in WIRES:
            servers[wire] = stack.enter_context(
                Sluice(bench.sluice, bench.server_cores, bench.log, settings=QUIET))
            loads[wire] = stack.enter_context(Load(
                bench, servers[wire].http_port, bench.sessions, "--topic", "t1", "--wire", wire))
            loads[wire].open()
            frame_bytes[wire] = _publish(bench, servers[wire], loads[wire], 1)["session_bytes_max"]
        floor = stack.enter_context(Floor(bench, frame_bytes=frame_bytes["json"]))
        floor_load = stack.enter_context(Load(bench, floor.http_port, bench.sessions))
        floor_load.open()
        floor.ask(f"wait {bench.sessions}")
        events = int(EVENTS_PER_SECOND * bench.seconds)
        arms = {wire: lambda w=wire: _arm(bench, servers[w], loads[w], events) for wire in WIRES}
        arms["floor"] = lambda: _floor_arm(floor, floor_load, events)
        rounds = run_rounds(bench, arms)
        for load in loads.values():
            load.ask("close")
        verified = {wire: _verify_all(bench, servers[wire], wire) for wire in ("json", "stomp")}
    return [_to_floor(bench, rounds, events, frame_bytes, verified)] + [
        _beside_sse(bench, rounds, wire, verified[wire]) for wire in ("json", "stomp")]


def _publish(bench, sluice, load, events):
    """Publishes to the topic; the generator's report once every session has every event."""
    load.reset()
    published = publish(bench, sluice.grpc_address, method="stream", target="topic", name="t1",
                        events=events, rate=EVENTS_PER_SECOND, data_bytes=DATA_BYTES)
    report = demand_clean(load.ask(f"events {events}"))
    seen = {(report[f"session_events_{end}"], report[f"session_id_sum_{end}"]) for end in ("min", "max")}
    if seen != {(published["stored"], published["id_sum"])}:
        raise Loss(f"sessions saw (events, sum of ids) {seen}, published were {published['stored']}")
    if report["session_bytes_min"] != report["session_bytes_max"]:
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


def _to_floor(bench, rounds, events, frame_bytes, verified):
    what = (f"fan-out, 1 event of {DATA_BYTES} B to {bench.sessions:,} WebSocket sessions: CPU per delivery "
            "/ bare send() loop")
    if not rounds.kept:
        return Result("protocols.fanout", what, f"<= {TARGET} x", "-", "void", notes=rounds.noise())
    ratio = rounds.spread(lambda r: r["json"]["us"] / r["floor"]["us"])
    us = {arm: rounds.spread(lambda r, a=arm: r[a]["us"]).median for arm in (*WIRES, "floor")}
    return Result(
        "protocols.fanout", what, f"<= {TARGET} x",
        f"{ratio.median:.2f} x ({ratio.least:.2f} to {ratio.most:.2f})",
        judge(ratio.median, TARGET, rounds),
        raw=["µs of CPU per delivery: " + ", ".join(f"{WIRES.get(arm, 'floor')} {value:.2f}" for arm, value in us.items()),
             f"{rounds.summary()}, of {events} events each, {EVENTS_PER_SECOND} a second; octets of a frame: "
             + ", ".join(f"{WIRES[wire]} {octets}" for wire, octets in frame_bytes.items())],
        notes=[f"Apart from the rounds, {bench.sessions} sessions parsed all of {verified['json']} deliveries."]
        + rounds.noise())


def _beside_sse(bench, rounds, wire, verified):
    row = f"protocols.{wire}"
    what = f"the same over {WIRES[wire]}: CPU per delivery / SSE"
    if not rounds.kept:
        return Result(row, what, f"<= {MAX_BESIDE_SSE} x", "-", "void", notes=rounds.noise())
    ratio = rounds.spread(lambda r: r[wire]["us"] / r["sse"]["us"])
    return Result(row, what, f"<= {MAX_BESIDE_SSE} x",
                  f"{ratio.median:.2f} x ({ratio.least:.2f} to {ratio.most:.2f})",
                  judge(ratio.median, MAX_BESIDE_SSE, rounds),
                  notes=[f"{bench.sessions} sessions parsed all of {verified} deliveries."])


def _memory(bench, wire):
    runs = [memory.slope(memory.measure_once(bench, memory.STEPS, None, ("--wire", wire))["idle"])
            for _ in range(1 if bench.quick else 3)]
    median, target = statistics.median(runs), MEMORY_TARGETS[wire]
    return Result(
        f"protocols.{wire}.memory", f"user memory per idle {WIRES[wire]} session, slope over 2 k to 19 k",
        "-" if target is None else f"<= {target:.0f} B",
        f"{median:.0f} B ({min(runs):.0f} to {max(runs):.0f})",
        "reported" if target is None else judge(median, target))
