"""The same over JetStream: gateway and edge as processes of their own, nats-server between."""

import itertools
import time
from contextlib import ExitStack

from driver import nats
from driver.process import await_condition
from driver.result import Result, judge
from driver.rounds import Sample, run_rounds
from driver.rows.fanout import DATA_BYTES, QUIET
from driver.rows.publish import load_arm
from driver.rows.unicast import BATCH, RATE, TARGET, floor_arm
from driver.sluice import Sluice
from driver.tools import Floor, Load, publish
from driver.window import Window

LATENCY_RATE = 10_000
LONE_RATE = 100  # a second: each publish meets an idle gateway
CATCH_UP_EVENTS = 500_000
FILL_RATE = 30_000
MODES = ("unary", "stream", "batch")
# So that nothing that the bench publishes leaves the stream while it is measured.
ROOMY = {**QUIET, "retention.max_bytes": "2GiB", "retention.max_age": "1h"}


def measure(bench):
    results = []
    for version, program in nats.programs().items():
        with ExitStack() as stack:
            server = stack.enter_context(nats.NatsServer(program, bench.generator_cores, bench.log))
            gateway = stack.enter_context(Sluice(bench.sluice, bench.server_cores, bench.log,
                                                 settings=ROOMY, role="gateway", nats=server))
            results.append(_lone_publish(bench, version, gateway))
            results += _online(bench, version, server, gateway)
            results += _catch_up(bench, version, server, gateway)
            results += _publishing(bench, version, server)
    return results


def _named(version, row, what, *rest, **more):
    return Result(f"nats.{row}.{version}", f"NATS {version}: {what}", *rest, **more)


def _online(bench, version, server, gateway):
    """Unicast and latency to 10,000 sessions of one edge."""
    events = int(RATE * bench.seconds) // BATCH * BATCH
    with ExitStack() as stack:
        edge = stack.enter_context(Sluice(bench.sluice, bench.server_cores, bench.log,
                                          settings=ROOMY, role="edge", nats=server))
        load = stack.enter_context(Load(bench, edge.http_port, bench.sessions, "--parse", 1))
        load.open()
        frame_bytes = _batches(bench, gateway, BATCH)["sse_bytes"] // BATCH
        floor = stack.enter_context(Floor(bench, frame_bytes=frame_bytes))
        floor_load = stack.enter_context(Load(bench, floor.http_port, bench.sessions))
        floor_load.open()
        floor.ask(f"wait {bench.sessions}")
        unicast = run_rounds(bench, {
            "edge": lambda: _edge_arm(bench, server, gateway, edge, load, events),
            "floor": lambda: floor_arm(floor, floor_load, events),
        })
        latency = run_rounds(bench, {
            "stream": lambda: _latency_arm(bench, gateway, edge, load),
        })
    return [_unicast_result(bench, version, unicast, events),
            _latency_result(bench, version, latency)]


def _batches(bench, gateway, events):
    return publish(bench, gateway.grpc_address, method="batch", batch=BATCH, target="random",
                   first_user=0, users=bench.sessions, events=events, rate=RATE,
                   data_bytes=DATA_BYTES)


def _edge_arm(bench, server, gateway, edge, load, events):
    load.reset()
    with Window(edge, [load]) as window, Window(gateway) as publishing, Window(server) as broker:
        published = _batches(bench, gateway, events)
        load.await_bytes(published["sse_bytes"])
    return Sample({
        "us_per_event": window.cpu_ns / events / 1e3,
        "shard_us_per_event": window.by_thread.get("shard", 0) / events / 1e3,
        "tail_us_per_event": window.by_thread.get("nats", 0) / events / 1e3,
        "gateway_us_per_event": publishing.cpu_ns / events / 1e3,
        "nats_us_per_event": broker.cpu_ns / events / 1e3,
    }, window.voids())


def _unicast_result(bench, version, rounds, events):
    what = (f"unicast, NATS to edge to 1 of {bench.sessions:,} SSE sessions: CPU of the edge per "
            "delivery / bare sends")
    if not rounds.kept:
        return _named(version, "unicast", what, f"<= {TARGET} x", "-", "void",
                      notes=rounds.noise())
    def of(arm, figure):
        return rounds.spread(lambda r: r[arm][figure]).median
    ratio = rounds.spread(lambda r: r["edge"]["us_per_event"] / r["floor"]["us_per_event"])
    return _named(
        version, "unicast", what, f"<= {TARGET} x",
        f"{ratio.median:.2f} x ({ratio.least:.2f} to {ratio.most:.2f})",
        judge(ratio.median, TARGET, rounds),
        raw=[f"µs of CPU per event: edge {of('edge', 'us_per_event'):.2f}, of which its shard "
             f"{of('edge', 'shard_us_per_event'):.2f} and its tail "
             f"{of('edge', 'tail_us_per_event'):.2f}; floor {of('floor', 'us_per_event'):.2f}; "
             f"gateway {of('edge', 'gateway_us_per_event'):.2f}, nats-server "
             f"{of('edge', 'nats_us_per_event'):.2f}",
             f"{rounds.summary()}, of {events} events each, {RATE} a second in batches of {BATCH}"],
        notes=["Gateway and edge share one core; nats-server, publisher and generator the other."]
        + rounds.noise())


def _latency_arm(bench, gateway, edge, load):
    load.reset()
    with Window(edge, [load]) as window:
        published = publish(bench, gateway.grpc_address, method="stream", target="random",
                            users=bench.sessions, events=int(LATENCY_RATE * bench.seconds),
                            rate=LATENCY_RATE, data_bytes=DATA_BYTES)
        report = load.await_bytes(published["sse_bytes"])
    return Sample({**{name: report[f"latency_{name}_ns"] / 1e6 for name in ("p50", "p99", "p999")},
                   "timer_p99": published["timer_error_p99_ns"] / 1e6,
                   "answer_p50": published["answer_p50_ns"] / 1e6}, window.voids())


def _latency_result(bench, version, rounds):
    what = (f"end to end, stream publish through gateway, NATS and edge to bytes at the client, "
            f"{LATENCY_RATE:,} events/s, {bench.sessions:,} users")
    if not rounds.kept:
        return _named(version, "latency", what, "-", "-", "void", notes=rounds.noise())
    def of(name):
        return rounds.spread(lambda r: r["stream"][name])
    return _named(
        version, "latency", what, "-",
        f"p50 {of('p50').median:.2f} ms ({of('p50').least:.2f} to {of('p50').most:.2f}), "
        f"p99 {of('p99').median:.2f} ms ({of('p99').least:.2f} to {of('p99').most:.2f})",
        "reported",
        raw=[f"p99.9 {of('p999').median:.1f} ms; the answer to the publisher p50 "
             f"{of('answer_p50').median:.2f} ms; publisher's timer error p99 "
             f"{of('timer_p99').median:.2f} ms; {rounds.summary()}"],
        notes=rounds.noise())


def _lone_publish(bench, version, gateway):
    """One unary publish at a time: is it free of the millisecond that nats.c's flusher takes?"""
    def arm(address):
        published = publish(bench, address, method="unary", target="random", users=bench.sessions,
                            events=int(LONE_RATE * bench.seconds), rate=LONE_RATE,
                            data_bytes=DATA_BYTES)
        return Sample({"p50": published["answer_p50_ns"] / 1e6})

    with Sluice(bench.sluice, bench.server_cores, bench.log, settings=QUIET) as in_memory:
        rounds = run_rounds(bench, {"nats": lambda: arm(gateway.grpc_address),
                                    "memory": lambda: arm(in_memory.grpc_address)})
    step = rounds.spread(lambda r: r["nats"]["p50"] - r["memory"]["p50"])
    return _named(
        version, "lone", f"a lone unary publish ({LONE_RATE} a second): median answer, over NATS "
        "minus in memory", "< 1 ms",
        f"{step.median:.2f} ms ({step.least:.2f} to {step.most:.2f})", judge(step.median, 1, rounds),
        raw=[f"over NATS {rounds.spread(lambda r: r['nats']['p50']).median:.2f} ms, in memory "
             f"{rounds.spread(lambda r: r['memory']['p50']).median:.2f} ms; {rounds.summary()}"])


def _publishing(bench, version, server):
    namespaces = itertools.count()

    def arm(mode):
        # A stream of its own, so that none comes to its limit: NATS 2.9 is slow beyond it.
        settings = {**ROOMY, "nats.namespace": f"publishing-{next(namespaces)}"}
        with Sluice(bench.sluice, bench.server_cores, bench.log, settings=settings, role="gateway",
                    nats=server) as gateway:
            return load_arm(bench, gateway, gateway.grpc_address, mode)

    rounds = run_rounds(bench, {mode: lambda mode=mode: arm(mode) for mode in MODES})
    if not rounds.kept:
        return [_named(version, "publish", "publishing over NATS", "-", "-", "void",
                       notes=rounds.noise())]
    def of(mode, figure):
        return rounds.spread(lambda r: r[mode][figure]).median
    return [_named(
        version, f"publish-{mode}", f"publish by {mode}: CPU of the gateway per event", "-",
        f"{of(mode, 'us_per_event'):.2f} µs, {of(mode, 'per_second'):,.0f} events/s acknowledged",
        "reported", raw=[rounds.summary()], notes=rounds.noise()) for mode in MODES]


def _catch_up(bench, version, server, gateway):
    """A new edge reads everything that is retained: how fast, and at what cost."""
    events = CATCH_UP_EVENTS // 10 if bench.quick else CATCH_UP_EVENTS
    publish(bench, gateway.grpc_address, method="batch", batch=256, target="random",
            users=bench.sessions, events=events, rate=FILL_RATE, data_bytes=DATA_BYTES)

    def arm():
        start = time.monotonic()
        with Sluice(bench.sluice, bench.server_cores, bench.log, settings=ROOMY, role="edge",
                    nats=server) as edge:
            await_condition(lambda: edge.metric("sluice_edge_ring_events") > 0, 20, "a full ring")
            seconds = time.monotonic() - start
            read, cpu = edge.metric("sluice_edge_ring_events"), edge.cpu()
            return Sample({"per_second": read / seconds, "events": read,
                           "us_per_event": cpu.schedstat_ns / read / 1e3,
                           "tail_us": cpu.by_thread.get("nats", 0) / read / 1e3})

    rounds = run_rounds(bench, {"edge": arm})
    def of(figure):
        return rounds.spread(lambda r: r["edge"][figure])
    return [_named(
        version, "catch-up", "a new edge catches up with a full stream", "-",
        f"{of('per_second').median:,.0f} events/s ({of('per_second').least:,.0f} to "
        f"{of('per_second').most:,.0f}), {of('us_per_event').median:.2f} µs of the edge's CPU per "
        "event", "reported",
        raw=[f"{of('events').median:,.0f} events from start to ready, of which its tail's thread "
             f"{of('tail_us').median:.2f} µs each; {rounds.summary()}"])]
