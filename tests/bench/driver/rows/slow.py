"""What two stalled readers do to ten thousand others."""

from contextlib import ExitStack

from driver.result import Result, judge
from driver.rounds import Sample, run_rounds
from driver.rows.fanout import DATA_BYTES, EVENTS_PER_SECOND, QUIET
from driver.sluice import Sluice
from driver.tools import Load, demand_same_for_all, publish
from driver.window import Window

TARGET = 1.2
MEMORY_TARGET = 0.1  # of what a queue for each stalled session would hold
FILLER_EVENTS, FILLER_BYTES = 2_000, 16_000  # 32 MB: far more than kernel buffers and ring take
# The stalled ones are to be stalled, not ended, while the others are measured.
SETTINGS = {**QUIET, "edge.write_timeout": "10m", "retention.max_bytes": "16MiB"}


def measure(bench):
    with Sluice(bench.sluice, bench.server_cores, bench.log, settings=SETTINGS) as sluice, \
         Load(bench, sluice.http_port, bench.sessions, "--topic", "t1", "--parse", 0.1) as load:
        load.open()
        _fill(bench, sluice)  # the log and the ring are now as large as they get
        rounds = run_rounds(bench, {
            "without": lambda: _filled_arm(bench, sluice, load),
            "with": lambda: _stalled_arm(bench, sluice, load),
        })
    return _results(bench, rounds)


def memory_share(bench):
    """What two stalled sessions cost in user memory, as a share of what queues for them would hold;
    and how many of the two caught up or were told of a gap."""
    with Sluice(bench.sluice, bench.server_cores, bench.log, settings=SETTINGS) as sluice:
        _fill(bench, sluice)
        alone = _growth_bytes(sluice, lambda: _fill(bench, sluice))
        with _Stalled(bench, sluice) as stalled:
            growth = _growth_bytes(sluice, stalled.fill)
            return max(growth - alone, 0) / stalled.behind_bytes, stalled.caught_up()


def _growth_bytes(sluice, action):
    before = sluice.pss_bytes()
    action()
    return sluice.pss_bytes() - before


def _fill(bench, sluice):
    return publish(bench, sluice.grpc_address, method="stream", target="user", name="slow",
                   events=FILLER_EVENTS, rate=2_000, data_bytes=FILLER_BYTES)


class _Stalled:
    """Two sessions of user `slow`: one reads nothing, one a byte a second."""

    def __init__(self, bench, sluice):
        self._bench, self._sluice, self._stack = bench, sluice, ExitStack()
        self.behind_bytes = 0  # both together

    def __enter__(self):
        options = ("--user", "slow", "--topic", "t1", "--parse", 0, "--receive-buffer", 4096,
                   "--mode")
        self._sessions = [self._stack.enter_context(
            Load(self._bench, self._sluice.http_port, 1, *options, mode))
            for mode in ("stall", "trickle")]
        for session in self._sessions:
            session.open()
        return self

    def __exit__(self, *exception):
        self._stack.close()

    def fill(self):
        self._stored = _fill(self._bench, self._sluice)["stored"]
        self.behind_bytes = len(self._sessions) * self._stored * FILLER_BYTES

    def caught_up(self):
        return sum(self._catches_up(session) for session in self._sessions)

    def _catches_up(self, session):
        """Once it reads, it gets all that it missed in order, or is told of a gap."""
        session.ask("drain")
        report = session.ask("settle 1000")
        assert not report["out_of_order"] and not report["malformed"], report
        return 1 if report["events"] >= self._stored or report["gaps"] else 0


def _stalled_arm(bench, sluice, load):
    """Both stop reading, are filled up, and stay so for the window."""
    with _Stalled(bench, sluice) as stalled:
        pss = sluice.pss_bytes()
        stalled.fill()
        sample = fanout_arm(bench, sluice, load)
        sample.figures["pss_growth_kib"] = (sluice.pss_bytes() - pss) / 1024
        sample.figures["behind_kib"] = stalled.behind_bytes / 1024
        sample.figures["caught_up"] = stalled.caught_up()
    return sample


def _filled_arm(bench, sluice, load):
    """The same for user `slow`, who has no session."""
    pss = sluice.pss_bytes()
    _fill(bench, sluice)
    sample = fanout_arm(bench, sluice, load)
    sample.figures["pss_growth_kib"] = (sluice.pss_bytes() - pss) / 1024
    return sample


def fanout_arm(bench, sluice, load):
    load.reset()
    events = int(EVENTS_PER_SECOND * bench.seconds)
    with Window(sluice, [load]) as window:
        published = publish(bench, sluice.grpc_address, method="stream", target="topic",
                            name="t1", events=events, rate=EVENTS_PER_SECOND,
                            data_bytes=DATA_BYTES)
        report = load.await_bytes(published["sse_bytes"] * load.sessions)
    demand_same_for_all(report, published)
    return Sample({"p50_ms": report["latency_p50_ns"] / 1e6,
                   "p99_ms": report["latency_p99_ns"] / 1e6,
                   "us_per_delivery": window.cpu_ns / events / load.sessions / 1e3},
                  window.voids())


def _results(bench, rounds):
    what = f"{bench.sessions:,} sessions with two stalled readers: the others' p99 / without them"
    if not rounds.kept:
        return [Result("slow", what, f"<= {TARGET} x", "-", "void", notes=rounds.noise())]
    ratio = rounds.spread(lambda r: r["with"]["p99_ms"] / r["without"]["p99_ms"])
    cpu = rounds.spread(lambda r: r["with"]["us_per_delivery"] / r["without"]["us_per_delivery"])
    memory = rounds.spread(lambda r: max(
        r["with"]["pss_growth_kib"] - r["without"]["pss_growth_kib"], 0) / r["with"]["behind_kib"])
    def of(arm, figure):
        return rounds.spread(lambda r: r[arm][figure]).median
    return [Result(
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
    ), Result(
        "slow.memory", "user memory that two stalled readers cost / what they are behind",
        f"<= {MEMORY_TARGET}", f"{memory.median:.3f} ({memory.least:.3f} to {memory.most:.3f})",
        judge(memory.median, MEMORY_TARGET),
        raw=[f"they are {of('with', 'behind_kib') / 1024:.0f} MiB behind, the ring holds 16 MiB"],
    )]
