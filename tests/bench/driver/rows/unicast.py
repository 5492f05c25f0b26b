"""Events for one session each, at random among many, against bare sends to random sockets."""

from contextlib import ExitStack

from driver.result import Result, judge
from driver.rounds import Sample, run_rounds
from driver.rows.fanout import DATA_BYTES, QUIET
from driver.sluice import Sluice
from driver.tools import Floor, Load, publish
from driver.window import Window

TARGET = 1.6
RATE = 8_000
BATCH = 64  # events of one PublishBatch call, and sends of one wake-up of the floor
ABSENT = 1_000_000  # users from here on are never online


def measure(bench):
    events = int(RATE * bench.seconds) // BATCH * BATCH
    with ExitStack() as stack:
        sluice = stack.enter_context(
            Sluice(bench.sluice, bench.server_cores, bench.log, settings=QUIET))
        load = stack.enter_context(Load(bench, sluice.http_port, bench.sessions))
        load.open()
        frame_bytes = _publish(bench, sluice, 0, BATCH)["sse_bytes"] // BATCH
        floor = stack.enter_context(Floor(bench, frame_bytes=frame_bytes))
        floor_load = stack.enter_context(Load(bench, floor.http_port, bench.sessions))
        floor_load.open()
        floor.ask(f"wait {bench.sessions}")
        rounds = run_rounds(bench, {
            "sluice": lambda: _online_arm(bench, sluice, load, events),
            "offline": lambda: _offline_arm(bench, sluice, load, events),
            "floor": lambda: floor_arm(floor, floor_load, events),
        })
    return [_result(bench, rounds, events)]


def _publish(bench, sluice, first_user, events):
    return publish(bench, sluice.grpc_address, method="batch", batch=BATCH, target="random",
                   first_user=first_user, users=bench.sessions, events=events, rate=RATE,
                   data_bytes=DATA_BYTES)


def _online_arm(bench, sluice, load, events):
    load.reset()
    with Window(sluice, [load]) as window:
        published = _publish(bench, sluice, 0, events)
        report = load.await_bytes(published["sse_bytes"])
    return _sample(window, events, report)


def _offline_arm(bench, sluice, load, events):
    """The same publishes to users who are not there: what ingest, log and tail cost alone."""
    load.reset()
    with Window(sluice, [load]) as window:
        _publish(bench, sluice, ABSENT, events)
        report = load.await_bytes(0)
    return _sample(window, events, report)


def floor_arm(floor, load, events):
    load.reset()
    with Window(floor, [load]) as window:
        pushed = floor.push(f"unicast {events} {RATE} {BATCH}")
        report = load.await_bytes(pushed["bytes"])
    return _sample(window, pushed["sends"], report)


def _sample(window, events, report):
    return Sample({
        "us_per_event": window.cpu_ns / events / 1e3,
        "shard_us_per_event": window.by_thread.get("shard", 0) / events / 1e3,
        "generator": window.generator_busy,
        "p50_ms": report["latency_p50_ns"] / 1e6,
        "p99_ms": report["latency_p99_ns"] / 1e6,
    }, window.voids())


def _result(bench, rounds, events):
    what = (f"unicast, in process, to 1 of {bench.sessions:,} SSE sessions: CPU per delivery / "
            "bare sends")
    if not rounds.kept:
        return Result("unicast", what, f"<= {TARGET} x", "-", "void", notes=rounds.noise())
    def of(arm, figure):
        return rounds.spread(lambda r: r[arm][figure])
    shard = rounds.spread(
        lambda r: r["sluice"]["shard_us_per_event"] / r["floor"]["us_per_event"])
    difference = rounds.spread(
        lambda r: (r["sluice"]["us_per_event"] - r["offline"]["us_per_event"])
        / r["floor"]["us_per_event"])
    whole = rounds.spread(lambda r: r["sluice"]["us_per_event"] / r["floor"]["us_per_event"])
    return Result(
        "unicast", what, f"<= {TARGET} x",
        f"{shard.median:.2f} x ({shard.least:.2f} to {shard.most:.2f})",
        judge(shard.median, TARGET, rounds),
        raw=[
            f"µs of CPU per event: Sluice's shard {of('sluice', 'shard_us_per_event').median:.2f}, "
            f"its whole process {of('sluice', 'us_per_event').median:.2f}, whole process with the "
            f"users offline {of('offline', 'us_per_event').median:.2f}, "
            f"floor {of('floor', 'us_per_event').median:.2f}",
            f"whole process minus offline, to the floor: {difference.median:.2f} x "
            f"({difference.least:.2f} to {difference.most:.2f}); whole process with gRPC, to the "
            f"floor: {whole.median:.2f} x",
            f"{rounds.summary()}, of {events} events each, {RATE} a second in batches of {BATCH}; "
            f"generator and publisher at {of('sluice', 'generator').median:.0%} of their core",
        ],
        notes=[
            "The ratio is the CPU time of the shard's thread (ring, look-up, encoding, send) to "
            "the floor's; gRPC and the log run on other threads and are left out of it, and "
            "in the figures above.",
            "Floor and Sluice get the same batches: a floor of lone sends pays a wake-up of "
            "the receiver for each and costs about twice as much.",
        ] + rounds.noise(),
    )
