"""One event to every session of a topic, against a bare loop of send() over as many sockets."""

from contextlib import ExitStack

from driver.process import await_condition
from driver.result import Result, judge
from driver.rounds import Sample, run_rounds
from driver.sluice import Sluice
from driver.tools import Floor, Load, demand_same_for_all, publish
from driver.window import Window

TARGET = 1.15
EVENTS_PER_SECOND = 5  # 50,000 deliveries a second: below half of what the slower one can
DATA_BYTES = 200
MIN_WRITES = 0.98  # per delivery: fewer, and events were coalesced that the floor sends one by one
QUIET = {"edge.heartbeat_interval": "10m"}


def measure(bench):
    return [measure_with(bench, "fanout", "", {}, ())]


def measure_with(bench, row, condition, settings, load_options):
    """The row with these `settings` beside, and sessions opened with `load_options`; `condition` says so."""
    with ExitStack() as stack:
        sluice = stack.enter_context(
            Sluice(bench.sluice, bench.server_cores, bench.log, settings=QUIET | settings))
        load = stack.enter_context(Load(bench, sluice.http_port, bench.sessions, "--topic", "t1", *load_options))
        load.open()
        probe = _publish(bench, sluice, load, events=1)
        floor = stack.enter_context(Floor(bench, frame_bytes=probe["sse_bytes"]))
        floor_load = stack.enter_context(Load(bench, floor.http_port, bench.sessions))
        floor_load.open()
        floor.ask(f"wait {bench.sessions}")
        events = int(EVENTS_PER_SECOND * bench.seconds)
        rounds = run_rounds(bench, {
            "sluice": lambda: sluice_arm(bench, sluice, load, events),
            "floor": lambda: _floor_arm(bench, floor, floor_load, events),
        })
        load.ask("close")  # the server has descriptors for 20,000
        verified = _verify_all(bench, sluice, load_options)
    return _result(bench, row, condition, rounds, events, probe["sse_bytes"], verified)


def _publish(bench, sluice, load, events):
    """Publishes to the topic; returns when every session has every event."""
    load.reset()
    published = publish(bench, sluice.grpc_address, method="stream", target="topic", name="t1",
                        events=events, rate=EVENTS_PER_SECOND, data_bytes=DATA_BYTES)
    published["report"] = load.await_bytes(published["sse_bytes"] * load.sessions)
    demand_same_for_all(published["report"], published)
    return published


def sluice_arm(bench, sluice, load, events):
    writes = sluice.metric("sluice_edge_socket_writes_total")
    with Window(sluice, [load]) as window:
        published = _publish(bench, sluice, load, events)
    writes = sluice.metric("sluice_edge_socket_writes_total") - writes
    deliveries = events * load.sessions
    sample = _sample(window, deliveries, published["report"],
                     writes_per_delivery=writes / deliveries)
    if writes < MIN_WRITES * deliveries:  # the server fell behind, which flatters it
        sample.voids.append(f"only {writes / deliveries:.3f} writes per delivery")
    return sample


def _floor_arm(bench, floor, load, events):
    load.reset()
    with Window(floor, [load]) as window:
        pushed = floor.push(f"fanout {events} {EVENTS_PER_SECOND}")
        report = load.await_bytes(pushed["bytes"])
    return _sample(window, pushed["sends"], report)


def _sample(window, deliveries, report, **more):
    return Sample({
        "us_per_delivery": window.cpu_ns / deliveries / 1e3,
        "p50_ms": report["latency_p50_ns"] / 1e6,
        "p99_ms": report["latency_p99_ns"] / 1e6,
        "generator": window.generator_busy,
        **more,
    }, window.voids())


def _verify_all(bench, sluice, load_options):
    """A run apart in which every session parses everything."""
    await_condition(lambda: sluice.metric("sluice_edge_sessions") == 0, 30, "no session left")
    with Load(bench, sluice.http_port, bench.sessions, "--topic", "t1", "--parse", 1,
              *load_options) as load:
        load.open()
        report = _publish(bench, sluice, load, events=10)["report"]
    return report["events"]


def _result(bench, row, condition, rounds, events, frame_bytes, verified):
    what = (f"fan-out{condition}, 1 event of {DATA_BYTES} B to {bench.sessions:,} SSE sessions: CPU per "
            "delivery / bare send() loop")
    if not rounds.kept:
        return Result(row, what, f"<= {TARGET} x", "-", "void", notes=rounds.noise())
    ratio = rounds.spread(lambda r: r["sluice"]["us_per_delivery"] / r["floor"]["us_per_delivery"])
    ours = rounds.spread(lambda r: r["sluice"]["us_per_delivery"])
    bare = rounds.spread(lambda r: r["floor"]["us_per_delivery"])
    writes = rounds.spread(lambda r: r["sluice"]["writes_per_delivery"])
    p99 = rounds.spread(lambda r: r["sluice"]["p99_ms"])
    floor_p99 = rounds.spread(lambda r: r["floor"]["p99_ms"])
    busy = rounds.spread(lambda r: r["sluice"]["generator"])
    return Result(
        row, what, f"<= {TARGET} x",
        f"{ratio.median:.2f} x ({ratio.least:.2f} to {ratio.most:.2f})",
        judge(ratio.median, TARGET, rounds),
        raw=[
            f"Sluice {ours.median:.2f} µs of CPU per delivery ({ours.least:.2f} to "
            f"{ours.most:.2f}), floor {bare.median:.2f} ({bare.least:.2f} to {bare.most:.2f})",
            f"writes per delivery {writes.median:.4f}",
            f"planned time to the last of {bench.sessions} sessions, p99: Sluice "
            f"{p99.median:.0f} ms, floor {floor_p99.median:.0f} ms",
            f"{rounds.summary()}, of {events} events each, {EVENTS_PER_SECOND} a second, frames of "
            f"{frame_bytes} octets; generator at {busy.median:.0%} of its core",
        ],
        notes=[
            "The server's CPU time holds the gRPC call of each event (one per "
            f"{bench.sessions} deliveries).",
            f"Apart from the rounds, {bench.sessions} sessions parsed all of {verified} "
            "deliveries: each had every event once, in order.",
        ] + rounds.noise(),
    )
