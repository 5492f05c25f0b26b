"""Sluice and nginx with nchan side by side: fan-out and idle memory."""

import statistics
from contextlib import ExitStack

from driver.nchan import Nchan
from driver.result import Result, judge
from driver.rounds import Sample, run_rounds
from driver.rows import fanout, memory
from driver.rows.fanout import DATA_BYTES, EVENTS_PER_SECOND, QUIET
from driver.sluice import Sluice
from driver.tools import Load
from driver.window import Window

TARGET_FANOUT, TARGET_MEMORY = 0.6, 0.25
STEPS = (2_000, 5_000, 10_000, 15_000)  # nginx refuses before 19,000
FOREIGN = ("--foreign", "--parse", 0)


def measure(bench):
    return [_fanout(bench), _memory(bench)]


def _fanout(bench):
    events = int(EVENTS_PER_SECOND * bench.seconds)
    with ExitStack() as stack:
        sluice = stack.enter_context(
            Sluice(bench.sluice, bench.server_cores, bench.log, settings=QUIET))
        load = stack.enter_context(Load(bench, sluice.http_port, bench.sessions, "--topic", "t1"))
        load.open()
        nchan = stack.enter_context(Nchan(bench.server_cores, bench.log))
        nchan_load = stack.enter_context(
            Load(bench, nchan.http_port, bench.sessions, "--topic", "t1", *FOREIGN))
        nchan_load.open()
        data = b"x" * DATA_BYTES
        rounds = run_rounds(bench, {
            "sluice": lambda: fanout.sluice_arm(bench, sluice, load, events),
            "nchan": lambda: _nchan_arm(nchan, nchan_load, data, events),
        })
    what = f"fan-out, 1 event of {DATA_BYTES} B to {bench.sessions:,} SSE sessions: CPU / Nchan's"
    target = f"<= {TARGET_FANOUT} x"
    if not rounds.kept:
        return Result("peers.fanout", what, target, "-", "void", notes=rounds.noise())
    ratio = rounds.spread(lambda r: r["sluice"]["us_per_delivery"] / r["nchan"]["us_per_delivery"])
    ours = rounds.spread(lambda r: r["sluice"]["us_per_delivery"])
    theirs = rounds.spread(lambda r: r["nchan"]["us_per_delivery"])
    return Result(
        "peers.fanout", what, target, f"{ratio.median:.2f} x ({ratio.least:.2f} to {ratio.most:.2f})",
        judge(ratio.median, TARGET_FANOUT, rounds),
        raw=[f"µs of CPU per delivery: Sluice {ours.median:.2f} ({ours.least:.2f} to "
             f"{ours.most:.2f}), Nchan {theirs.median:.2f} ({theirs.least:.2f} to "
             f"{theirs.most:.2f}); {rounds.summary()}"],
        notes=["nginx 1.22 with nchan 1.3.6 of Debian 12, one process, no access log, "
               "published by HTTP POST; Sluice with one shard, published by gRPC.",
               *rounds.noise()],
    )


def _nchan_arm(nchan, load, data, events):
    load.ask("settle 200")
    load.reset()
    nchan.publish("t1", data)
    frame_bytes = load.ask("settle 500")["session_bytes_max"]
    load.reset()
    with Window(nchan, [load]) as window:
        nchan.publish_paced("t1", data, events, EVENTS_PER_SECOND)
        load.await_bytes(frame_bytes * events * load.sessions)
    return Sample({"us_per_delivery": window.cpu_ns / events / load.sessions / 1e3},
                  window.voids())


def _memory(bench):
    runs = range(1 if bench.quick else 3)
    ours = [memory.slope(memory.measure_once(bench, STEPS)["idle"]) for _ in runs]
    theirs = [memory.slope(_nchan_points(bench)) for _ in runs]
    ratios = [a / b for a, b in zip(ours, theirs)]
    ratio = statistics.median(ratios)
    return Result(
        "peers.memory", "user memory per idle SSE session, slope over 2 k to 15 k / Nchan's",
        f"<= {TARGET_MEMORY} x", f"{ratio:.2f} x ({min(ratios):.2f} to {max(ratios):.2f})",
        judge(ratio, TARGET_MEMORY),
        raw=[f"Sluice {statistics.median(ours):.0f} B, Nchan {statistics.median(theirs):.0f} B"],
    )


def _nchan_points(bench):
    points = []
    with ExitStack() as stack:
        nchan = stack.enter_context(Nchan(bench.server_cores, bench.log))
        online = 0
        for step in STEPS:
            load = stack.enter_context(
                Load(bench, nchan.http_port, step - online, "--topic", "t1", *FOREIGN))
            load.open()
            online = step
            bench.settle(memory.SETTLE_SECONDS)
            points.append((step, nchan.pss_bytes()))
    return points
