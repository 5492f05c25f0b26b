"""From the planned Publish call to the bytes at the client, open loop."""

from driver.result import Result, judge
from driver.rounds import Sample, run_rounds
from driver.rows.fanout import DATA_BYTES, QUIET
from driver.sluice import Sluice
from driver.tools import Load, publish
from driver.window import Window

TARGET_P50_MS, TARGET_P99_MS = 0.4, 3.0
RATE = 10_000
PARSED = 0.1  # of the sessions tell the latency; the others are read at less cost
METHODS = ("unary", "stream")
# More than elsewhere: planned times are an open loop, so a busy generator only lengthens them.
MAX_GENERATOR_BUSY = 0.90


def measure(bench):
    with Sluice(bench.sluice, bench.server_cores, bench.log, settings=QUIET) as sluice:
        with Load(bench, sluice.http_port, bench.sessions, "--parse", PARSED) as load:
            load.open()
            for method in METHODS:
                _arm(bench, sluice, load, method, seconds=2)  # warm-up, not kept
            return [_result(bench, _rounds(bench, sluice, load, method), method)
                    for method in METHODS]


def _rounds(bench, sluice, load, method):
    return run_rounds(bench, {method: lambda: _arm(bench, sluice, load, method, bench.seconds)})


def _arm(bench, sluice, load, method, seconds):
    load.reset()
    with Window(sluice, [load]) as window:
        published = publish(bench, sluice.grpc_address, method=method, target="random",
                            users=bench.sessions, events=int(RATE * seconds), rate=RATE,
                            data_bytes=DATA_BYTES)
        report = load.await_bytes(published["sse_bytes"])
    figures = {name: report[f"latency_{name}_ns"] / 1e6 for name in ("p50", "p99", "p999", "max")}
    figures["timer_p99"] = published["timer_error_p99_ns"] / 1e6
    figures["answer_p50"] = published["answer_p50_ns"] / 1e6
    figures["server_busy"] = window.cpu_ns / window.wall_ns
    figures["generator"] = window.generator_busy
    return Sample(figures, window.voids(MAX_GENERATOR_BUSY))


def _result(bench, rounds, method):
    what = (f"end to end, {method} publish to bytes at the client, {RATE:,} events/s, "
            f"{bench.sessions:,} users")
    target = f"p50 <= {TARGET_P50_MS} ms, p99 <= {TARGET_P99_MS:.0f} ms"
    if not rounds.kept:
        return Result(f"latency.{method}", what, target, "-", "void", notes=rounds.noise())
    def of(name):
        return rounds.spread(lambda r: r[method][name])
    p50, p99 = of("p50"), of("p99")
    share = max(p50.median / TARGET_P50_MS, p99.median / TARGET_P99_MS)
    return Result(
        f"latency.{method}", what, target,
        f"p50 {p50.median:.2f} ms ({p50.least:.2f} to {p50.most:.2f}), "
        f"p99 {p99.median:.2f} ms ({p99.least:.2f} to {p99.most:.2f})",
        judge(share, 1, rounds),
        raw=[
            f"p99.9 {of('p999').median:.1f} ms, maximum {of('max').most:.1f} ms; the answer to the "
            f"publisher p50 {of('answer_p50').median:.2f} ms",
            f"publisher's timer error p99 {of('timer_p99').median:.2f} ms; server at "
            f"{of('server_busy').median:.0%} of its core, generator and publisher at "
            f"{of('generator').median:.0%} of theirs; {rounds.summary()}",
        ],
        notes=["Planned times are an open loop; the timer error is in the figures. All of the "
               "server shares one core, publisher and generator the other."] + rounds.noise(),
    )
