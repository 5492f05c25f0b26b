"""User memory per idle session, as a slope over the number of sessions."""

import statistics
from contextlib import ExitStack

from driver.machine import slab_bytes
from driver.result import Result, judge
from driver.rows.fanout import DATA_BYTES, QUIET
from driver.sluice import Sluice
from driver.tools import Load, publish

TARGET_BYTES = 0.6 * 1024
STEPS = (2_000, 5_000, 10_000, 19_000)
SETTLE_SECONDS = 5


def slope(points):
    """Least squares of (x, y): y per x."""
    mean_x = statistics.fmean(x for x, _ in points)
    mean_y = statistics.fmean(y for _, y in points)
    return (sum((x - mean_x) * (y - mean_y) for x, y in points)
            / sum((x - mean_x) ** 2 for x, _ in points))


def measure(bench):
    runs = [measure_once(bench, STEPS) for _ in range(1 if bench.quick else 3)]
    idle = [slope(run["idle"]) for run in runs]
    used = [slope(measure_used(bench, STEPS)) for _ in runs]
    kernel = [slope(run["slab"]) / 2 for run in runs]
    median = statistics.median(idle)
    points = ", ".join(f"{n}: {pss / 2**20:.2f} MiB" for n, pss in runs[0]["idle"])
    return [Result(
        "memory", "user memory per idle SSE session, slope over 2 k to 19 k",
        f"<= {TARGET_BYTES:.0f} B", f"{median:.0f} B ({min(idle):.0f} to {max(idle):.0f})",
        judge(median, TARGET_BYTES),
        raw=[
            f"PSS of the server by sessions (first of {len(runs)} runs): {points}",
            f"after one delivered event each: {statistics.median(used):.0f} B per session "
            f"({min(used):.0f} to {max(used):.0f})",
            f"kernel slabs (TCP, inode, file, dentry, epoll) per end of a connection: "
            f"{statistics.median(kernel):.0f} B",
        ],
        notes=["Least squares over the four counts; PSS of smaps_rollup 5 s after the last "
               "connect; MALLOC_ARENA_MAX=2, one shard.",
               "The ring is full of nothing: events take memory once per edge, not per session."],
    )]


def measure_once(bench, steps, settings=None, load_options=()):
    """PSS and slab bytes by idle sessions, as lists of (n, bytes)."""
    found = {"idle": [], "slab": []}
    with ExitStack() as stack:
        sluice = stack.enter_context(Sluice(
            bench.sluice, bench.server_cores, bench.log, settings=QUIET | (settings or {}),
            environment={"MALLOC_ARENA_MAX": "2"}))
        _publish_one(bench, sluice)  # what the first event allocates is not a session's
        online = 0
        for step in steps:
            load = stack.enter_context(Load(
                bench, sluice.http_port, step - online, "--first-user", online, "--topic", "t1",
                *load_options))
            load.open()
            online = step
            bench.settle(SETTLE_SECONDS)
            found["idle"].append((step, sluice.pss_bytes()))
            found["slab"].append((step, slab_bytes()))
    return found


def measure_used(bench, steps):
    """PSS in another process in which each session was sent an event before the reading."""
    points = []
    with ExitStack() as stack:
        sluice = stack.enter_context(Sluice(
            bench.sluice, bench.server_cores, bench.log, settings=QUIET,
            environment={"MALLOC_ARENA_MAX": "2"}))
        _publish_one(bench, sluice)
        loads, online = [], 0
        for step in steps:
            load = stack.enter_context(Load(
                bench, sluice.http_port, step - online, "--first-user", online, "--topic", "t1"))
            load.open()
            loads.append(load)
            online = step
            for one in loads:
                one.reset()
            octets = _publish_one(bench, sluice)["sse_bytes"]
            for one in loads:
                one.await_bytes(octets * one.sessions)
            bench.settle(SETTLE_SECONDS)
            points.append((step, sluice.pss_bytes()))
    return points


def _publish_one(bench, sluice):
    return publish(bench, sluice.grpc_address, target="topic", name="t1", events=1, rate=1,
                   data_bytes=DATA_BYTES)
