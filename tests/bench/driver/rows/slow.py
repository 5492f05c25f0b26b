"""What two stalled readers do to ten thousand others."""

from contextlib import ExitStack

from driver.result import Result, judge
from driver.rounds import Sample, run_rounds
from driver.rows.fanout import DATA_BYTES, EVENTS_PER_SECOND, QUIET
from driver.sluice import Sluice
from driver.tools import Load, demand_same_for_all, publish
from driver.window import Window

TARGET = 1.2
FILLER_EVENTS, FILLER_BYTES = 200, 16_000  # 3.2 MB: more than both kernel buffers take
# The stalled ones are to be stalled, not ended, while the others are measured.
SETTINGS = {**QUIET, "edge.write_timeout": "10m"}


def measure(bench):
    with Sluice(bench.sluice, bench.server_cores, bench.log, settings=SETTINGS) as sluice, \
         Load(bench, sluice.http_port, bench.sessions, "--topic", "t1", "--parse", 0.1) as load:
        load.open()
        _fill(bench, sluice)  # the ring's own growth is not the stalled readers'
        rounds = run_rounds(bench, {
            "without": lambda: _arm(bench, sluice, load),
            "with": lambda: _stalled_arm(bench, sluice, load),
        })
    return [_result(bench, rounds)]


def _fill(bench, sluice):
    return publish(bench, sluice.grpc_address, method="stream", target="user", name="slow",
                   events=FILLER_EVENTS, rate=2_000, data_bytes=FILLER_BYTES)


def _stalled_arm(bench, sluice, load):
    """Two sessions of user `slow` stop reading, are filled up, and stay so for the window."""
    options = ("--user", "slow", "--topic", "t1", "--parse", 0, "--receive-buffer", 4096, "--mode")
    with ExitStack() as stack:
        slow = [stack.enter_context(Load(bench, sluice.http_port, 1, *options, mode))
                for mode in ("stall", "trickle")]
        for one in slow:
            one.open()
        filled = _fill(bench, sluice)
        sample = _arm(bench, sluice, load)
        sample.figures["caught_up"] = sum(_catches_up(one, filled) for one in slow)
    return sample


def _catches_up(slow, filled):
    """Once it reads, a stalled session gets all that it missed in order, or is told of a gap."""
    slow.ask("drain")
    report = slow.ask("settle 1000")
    assert not report["out_of_order"] and not report["malformed"], report
    is_complete = report["events"] >= filled["stored"]
    return 1 if is_complete or report["gaps"] or report["closings"] else 0


def _arm(bench, sluice, load):
    load.reset()
    pss = sluice.pss_bytes()
    events = int(EVENTS_PER_SECOND * bench.seconds)
    with Window(sluice, [load]) as window:
        published = publish(bench, sluice.grpc_address, method="stream", target="topic",
                            name="t1", events=events, rate=EVENTS_PER_SECOND,
                            data_bytes=DATA_BYTES)
        report = load.await_bytes(published["sse_bytes"] * load.sessions)
    demand_same_for_all(report, published)
    return Sample({"p50_ms": report["latency_p50_ns"] / 1e6,
                   "p99_ms": report["latency_p99_ns"] / 1e6,
                   "us_per_delivery": window.cpu_ns / events / load.sessions / 1e3,
                   "pss_growth_kib": (sluice.pss_bytes() - pss) / 1024}, window.voids())


def _result(bench, rounds):
    what = f"{bench.sessions:,} sessions with two stalled readers: the others' p99 / without them"
    if not rounds.kept:
        return Result("slow", what, f"<= {TARGET} x", "-", "void", notes=rounds.noise())
    ratio = rounds.spread(lambda r: r["with"]["p99_ms"] / r["without"]["p99_ms"])
    cpu = rounds.spread(lambda r: r["with"]["us_per_delivery"] / r["without"]["us_per_delivery"])
    def of(arm, figure):
        return rounds.spread(lambda r: r[arm][figure]).median
    return Result(
        "slow", what, f"<= {TARGET} x",
        f"{ratio.median:.2f} x ({ratio.least:.2f} to {ratio.most:.2f})",
        judge(ratio.median, TARGET, rounds),
        raw=[
            f"{arm}: p50 {of(arm, 'p50_ms'):.1f} ms, p99 {of(arm, 'p99_ms'):.1f} ms, "
            f"{of(arm, 'us_per_delivery'):.2f} µs of CPU per delivery, PSS grew by "
            f"{of(arm, 'pss_growth_kib'):.0f} KiB" for arm in ("without", "with")
        ] + [f"CPU per delivery, with to without: {cpu.median:.2f} x",
             f"stalled sessions that caught up or were told of a gap: "
             f"{of('with', 'caught_up'):.0f} of 2; {rounds.summary()}"],
        notes=[f"One reads nothing, one reads 1 B/s; both are {FILLER_EVENTS} events of "
               f"{FILLER_BYTES} B behind when the window begins. {EVENTS_PER_SECOND} events a "
               "second to all sessions; latency from the planned time, on 10 % of them."]
        + rounds.noise(),
    )
