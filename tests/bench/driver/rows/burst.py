"""Ten events to one user at once: how many writes each delivery takes."""

from driver.result import Result, judge
from driver.rows.fanout import DATA_BYTES, QUIET
from driver.sluice import Sluice
from driver.tools import Load, publish

TARGET = 0.15
BURST = 10
BURSTS_PER_SECOND = 200
METHODS = {"batch": "one PublishBatch", "stream": "PublishStream", "unary": "10 unary calls"}


def measure(bench):
    return measure_with(bench, "burst", "user")


def measure_with(bench, row, whom, load_options=()):
    """The row with sessions opened with `load_options`; `whom` says so."""
    bursts = int(BURSTS_PER_SECOND * min(bench.seconds, 5))
    with Sluice(bench.sluice, bench.server_cores, bench.log, settings=QUIET) as sluice:
        with Load(bench, sluice.http_port, 1_000, "--parse", 1, *load_options) as load:
            load.open()
            return [_measure(bench, sluice, load, bursts, f"{row}.{method}", whom, method) for method in METHODS]


def writes_per_delivery(bench, sluice, load, bursts, method):
    load.reset()
    before = _counters(sluice)
    published = publish(bench, sluice.grpc_address, method=method, target="burst", batch=BURST,
                        users=load.sessions, events=bursts * BURST,
                        rate=BURSTS_PER_SECOND * BURST, data_bytes=DATA_BYTES)
    report = load.await_total(published["stored"])
    writes, delivered = (b - a for a, b in zip(before, _counters(sluice)))
    assert delivered == bursts * BURST, f"{delivered} deliveries counted by the server"
    return writes / delivered, report


def _counters(sluice):
    return (sluice.metric("sluice_edge_socket_writes_total"),
            sluice.metric("sluice_edge_events_delivered_total"))


def _measure(bench, sluice, load, bursts, row, whom, method):
    ratio, report = writes_per_delivery(bench, sluice, load, bursts, method)
    is_judged = method != "unary"  # ten calls are ten events, whenever they arrive
    return Result(
        row, f"burst of {BURST} events to one {whom} by {METHODS[method]}: writes per delivery",
        f"<= {TARGET}" if is_judged else "-", f"{ratio:.3f}",
        judge(ratio, TARGET) if is_judged else "reported",
        raw=[f"{bursts} bursts at {BURSTS_PER_SECOND} a second over {load.sessions} sessions; "
             f"{report['reads']} reads at the generator"],
    )
