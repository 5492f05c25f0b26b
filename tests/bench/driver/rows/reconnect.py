"""Ten thousand clients that come back and missed 50 events each, against ones that missed none."""

from driver.result import Result, judge
from driver.rounds import Sample, run_rounds
from driver.rows.fanout import QUIET
from driver.process import await_condition
from driver.sluice import Sluice
from driver.tools import Floor, Load, publish
from driver.window import Window

TARGET = 1.3
MISSED = 50
DATA_BYTES = 100
WINDOW = 2_000  # connects on their way at a time; the backlog holds 4,096
SETTINGS = {**QUIET, "retention.max_bytes": "2GiB"}
KINDS = {"topic": "of one topic", "user": "each their own"}


def measure(bench):
    return [_measure(bench, kind) for kind in KINDS]


def _measure(bench, kind):
    options = ("--window", WINDOW, "--sources", 16, "--topic", "t1", "--parse", 0.001)
    with Sluice(bench.sluice, bench.server_cores, bench.log, settings=SETTINGS) as sluice, \
         Floor(bench) as floor, \
         Load(bench, sluice.http_port, bench.sessions, *options) as load, \
         Load(bench, floor.http_port, bench.sessions, *options) as floor_load:
        head = _publish(bench, sluice, "topic", 1)["last_id"]
        load.open(head)  # warm-up
        rounds = run_rounds(bench, {
            "plain": lambda: _plain_arm(sluice, load),
            "missed": lambda: _missed_arm(bench, sluice, load, kind),
            "floor": lambda: _floor_arm(floor, floor_load),
        })
    return _result(bench, rounds, kind)


def _publish(bench, sluice, kind, events):
    target = {"target": "topic", "name": "t1"} if kind == "topic" else \
             {"target": "round", "users": bench.sessions}
    return publish(bench, sluice.grpc_address, method="batch", batch=min(events, 1_000),
                   events=events, rate=100_000, data_bytes=DATA_BYTES, **target)


def _empty(sluice, load):
    load.ask("close")
    await_condition(lambda: sluice.metric("sluice_edge_sessions") == 0, 30, "no session left")


def _plain_arm(sluice, load):
    """All clients connect with the newest cursor."""
    head = _head(load)
    _empty(sluice, load)
    with Window(sluice, [load]) as window:
        report = load.open(head)
    return _sample(window, report["connect_ns"], report)


def _missed_arm(bench, sluice, load, kind):
    """The same after 50 events each; over when the last client has its last event."""
    head = _head(load)
    _empty(sluice, load)
    events = MISSED * (bench.sessions if kind == "user" else 1)
    published = _publish(bench, sluice, kind, events)
    octets = published["sse_bytes"] * (bench.sessions if kind == "topic" else 1)
    with Window(sluice, [load]) as window:
        report = load.storm(octets, head)
    _catch_up(load, published["last_id"])
    return _sample(window, report["until_last_byte_ns"], report)


def _head(load):
    report = load.ask("report")
    return f"{report['epoch']}-{report['last_id_max']}"


def _catch_up(load, last_id):
    """Counting sessions do not know the ids they got; connecting with the newest tells them."""
    load.open(last_id)


def _floor_arm(floor, load):
    load.ask("close")
    with Window(floor, [load]) as window:
        report = load.open()
    return _sample(window, report["connect_ns"], report)


def _sample(window, wall_ns, report):
    voids = [reason for reason in window.voids() if "generator" not in reason]
    return Sample({"ms": wall_ns / 1e6, "server_cpu_ms": window.cpu_ns / 1e6,
                   "generator": report["until_last_byte_cpu_ns"] / wall_ns}, voids)


def _result(bench, rounds, kind):
    what = (f"{bench.sessions:,} clients reconnect with 50 missed events, {KINDS[kind]}: time / "
            "connecting with nothing missed")
    if not rounds.kept:
        return Result(f"reconnect.{kind}", what, f"<= {TARGET} x", "-", "void",
                      notes=rounds.noise())
    time = rounds.spread(lambda r: r["missed"]["ms"] / r["plain"]["ms"])
    cpu = rounds.spread(lambda r: r["missed"]["server_cpu_ms"] / r["plain"]["server_cpu_ms"])
    def of(arm, figure):
        return rounds.spread(lambda r: r[arm][figure]).median
    return Result(
        f"reconnect.{kind}", what, f"<= {TARGET} x",
        f"{time.median:.2f} x ({time.least:.2f} to {time.most:.2f})",
        judge(time.median, TARGET, rounds),
        raw=[
            f"{arm}: {of(arm, 'ms'):.0f} ms, server CPU {of(arm, 'server_cpu_ms'):.0f} ms, "
            f"generator at {of(arm, 'generator'):.0%} of its core" for arm in
            ("plain", "missed", "floor")
        ] + [f"server CPU, missed to plain: {cpu.median:.2f} x "
             f"({cpu.least:.2f} to {cpu.most:.2f}); {rounds.summary()}"],
        notes=["A storm is a closed loop of at most 2,000 connects on their way, so it uses all "
               "of the generator's core or of the server's; the rule of 80 % cannot hold here "
               "and the ratio of server CPU is the check.",
               f"Events of {DATA_BYTES} B of data. `floor`: accept and answer, no server code."]
        + rounds.noise(),
    )
