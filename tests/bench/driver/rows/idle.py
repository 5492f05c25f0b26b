"""CPU time of sessions that only get heartbeats."""

from driver.result import Result, judge
from driver.rounds import Sample, run_rounds
from driver.sluice import Sluice
from driver.tools import Load, Loss, demand_clean
from driver.window import Window

TARGET_US = 0.5
HEARTBEAT_SECONDS = 15


def measure(bench):
    return [measure_with(bench, "idle", "idle CPU with 15 s heartbeats, per connection-second")]


def measure_with(bench, row, what, load_options=()):
    """The row with sessions opened with `load_options`; `what` says so."""
    seconds = HEARTBEAT_SECONDS * (1 if bench.quick else 2)
    settings = {"edge.heartbeat_interval": f"{HEARTBEAT_SECONDS}s"}
    with Sluice(bench.sluice, bench.server_cores, bench.log, settings=settings) as sluice:
        base = run_rounds(bench, {"empty": lambda: _window(bench, sluice, None, seconds)})
        with Load(bench, sluice.http_port, bench.sessions, "--parse", 1, *load_options) as load:
            load.open()
            # Sessions that came together beat together: windows begin between two beats.
            bench.settle(HEARTBEAT_SECONDS * 1.5)
            rounds = run_rounds(bench, {"idle": lambda: _window(bench, sluice, load, seconds)})
    return _result(bench, row, what, rounds, base, seconds)


def _window(bench, sluice, load, seconds):
    generators = [load] if load else []
    if load:
        load.reset()
    with Window(sluice, generators) as window:
        _pass_time(seconds)
        report = demand_clean(load.ask("report")) if load else {"heartbeats": 0}
    due = bench.sessions * seconds / HEARTBEAT_SECONDS if load else 0
    if abs(report["heartbeats"] - due) > due * 0.15:
        raise Loss(f"{report['heartbeats']} heartbeats came, about {due:.0f} were due")
    return Sample({"cpu_ms": window.cpu_ns / 1e6, "seconds": window.wall_ns / 1e9,
                   "heartbeats": report["heartbeats"]}, window.voids())


def _pass_time(seconds):
    from time import sleep

    sleep(seconds)


def _result(bench, row, what, rounds, base, seconds):
    if not rounds.kept:
        return Result(row, what, f"<= {TARGET_US} µs", "-", "void", notes=rounds.noise())
    cost = rounds.spread(
        lambda r: r["idle"]["cpu_ms"] * 1e3 / r["idle"]["seconds"] / bench.sessions)
    beat = rounds.spread(lambda r: r["idle"]["cpu_ms"] * 1e3 / r["idle"]["heartbeats"])
    raw = [f"{bench.sessions} sessions, windows of {seconds} s, {rounds.summary()}; "
           f"{beat.median:.1f} µs per heartbeat"]
    if base.kept:
        empty = base.spread(lambda r: r["empty"]["cpu_ms"] / r["empty"]["seconds"])
        raw.append(f"the same server without sessions: {empty.median:.2f} ms of CPU a second")
    return Result(row, what, f"<= {TARGET_US} µs",
                  f"{cost.median:.2f} µs ({cost.least:.2f} to {cost.most:.2f})",
                  judge(cost.median, TARGET_US, rounds), raw=raw, notes=rounds.noise())
