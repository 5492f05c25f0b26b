"""What slowhttptest's attacks do to ten thousand good sessions."""

import shutil

from driver.process import Process, await_condition
from driver.result import Result, judge
from driver.rounds import run_rounds
from driver.rows.fanout import EVENTS_PER_SECOND, QUIET
from driver.rows.slow import TARGET, fanout_arm
from driver.sluice import Sluice
from driver.tools import Load

CONNECTIONS = 1_000  # at a time, at least
PER_SECOND = 200
ATTACKS = {
    "heads that never end": (["-H"], "/v1/events?user=mallory"),
    "bodies that never end": (["-B", "-s", 900], "/v1/token"),
    "answers that are hardly read": (["-X", "-w", 1, "-y", 8, "-z", 1],
                                     "/v1/sockjs/sockjs-1.6.1.min.js"),
}


def measure(bench):
    if shutil.which("slowhttptest") is None:
        raise SystemExit("bench: no slowhttptest; `./dev test` installs it")
    with Sluice(bench.sluice, bench.server_cores, bench.log, settings=QUIET) as sluice, \
         Load(bench, sluice.http_port, bench.sessions, "--topic", "t1", "--parse", 0.1) as load:
        load.open()
        rounds = run_rounds(bench, {
            "none": lambda: fanout_arm(bench, sluice, load),
            **{name: lambda name=name: _arm(bench, sluice, load, name) for name in ATTACKS},
        })
    return [_result(bench, rounds, name) for name in ATTACKS]


class _Attack(Process):
    """slowhttptest, which opens connections until it is stopped."""

    def __init__(self, bench, sluice, name):
        flags, path = ATTACKS[name]
        super().__init__(["slowhttptest", *flags, "-c", 10 * CONNECTIONS, "-r", PER_SECOND,
                          "-i", 1, "-l", 600, "-v", 0,
                          "-u", f"http://127.0.0.1:{sluice.http_port}{path}"],
                         bench.generator_cores, bench.log)


def _arm(bench, sluice, load, name):
    with _Attack(bench, sluice, name):
        await_condition(lambda: _attackers(bench, sluice) >= CONNECTIONS, 60, "the attackers")
        before = _attackers(bench, sluice)
        sample = fanout_arm(bench, sluice, load)
        sample.figures["attackers"] = (before + _attackers(bench, sluice)) / 2
    await_condition(lambda: _attackers(bench, sluice) <= 0, 60, "their end")
    return sample


def _attackers(bench, sluice):
    return sluice.metric("sluice_edge_connections") - bench.sessions


def _result(bench, rounds, name):
    what = f"{bench.sessions:,} sessions under {name}: their p99 / without"
    if not rounds.kept:
        return Result(f"attack.{name}", what, f"<= {TARGET} x", "-", "void", notes=rounds.noise())
    ratio = rounds.spread(lambda r: r[name]["p99_ms"] / r["none"]["p99_ms"])
    cpu = rounds.spread(lambda r: r[name]["us_per_delivery"] / r["none"]["us_per_delivery"])
    def of(arm, figure):
        return rounds.spread(lambda r: r[arm][figure]).median
    return Result(
        f"attack.{name}", what, f"<= {TARGET} x",
        f"{ratio.median:.2f} x ({ratio.least:.2f} to {ratio.most:.2f})",
        judge(ratio.median, TARGET, rounds),
        raw=[f"p50 {of(name, 'p50_ms'):.1f} ms, p99 {of(name, 'p99_ms'):.1f} ms; without "
             f"{of('none', 'p50_ms'):.1f} ms, {of('none', 'p99_ms'):.1f} ms",
             f"CPU of the server per delivery, that of the attackers' connections included, to "
             f"without: {cpu.median:.2f} x",
             f"{of(name, 'attackers'):.0f} attacking connections at a time, {PER_SECOND} new ones "
             f"a second; {rounds.summary()}"],
        notes=[f"{EVENTS_PER_SECOND} events a second to all sessions; latency from the planned "
               "time, on 10 % of them. slowhttptest shares the generator's core."]
        + rounds.noise())
