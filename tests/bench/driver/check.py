"""What may fail a build: exact counters and wide ratios, in less than 40 s, with no pinning asked of
the machine and no absolute time. Also proves that the verifier sees a loss, a double and a swap."""

import statistics
from contextlib import ExitStack

from driver.rows import burst, memory, slow
from driver.rows.fanout import DATA_BYTES, QUIET
from driver.sluice import Sluice
from driver.tools import Floor, Load, Loss, demand_same_for_all, publish

SESSIONS = 1_000
EVENTS = 20
MAX_WRITES_PER_DELIVERY = 0.2
MAX_FANOUT = 1.5
MAX_SESSION_BYTES = 1024
MEMORY_STEPS = (500, 1_000, 2_000)
PAIRS = 5


def run(bench):
    """Prints one line per check; the exit code."""
    bench.quick, bench.sessions = True, SESSIONS
    verdicts = [check(bench) for check in (_faults, _burst, _fanout, _memory, _slow)]
    return 0 if all(verdicts) else 1


def _say(is_good, text):
    print(f"{'ok  ' if is_good else 'FAIL'} {text}", flush=True)
    return is_good


def _faults(bench):
    """A floor that drops, doubles or swaps one of its frames must be found out."""
    missed = [fault for fault in ("drop", "double", "swap") if not _is_noticed(bench, fault)]
    clean = not _is_noticed(bench, "none")
    return _say(not missed and clean, f"the verifier notices drop, double and swap (missed: {missed})")


def _is_noticed(bench, fault):
    with Floor(bench, fault=fault) as floor:
        with Load(bench, floor.http_port, 20, "--parse", 1, "--timeout", 2_000) as load:
            load.open()
            floor.ask("wait 20")
            load.reset()
            pushed = floor.push("fanout 10 1000")
            try:
                load.await_bytes(10 * 20 * pushed["bytes"] // pushed["sends"])
            except Loss:
                return True
    return False


def _burst(bench):
    with Sluice(bench.sluice, bench.server_cores, bench.log, settings=QUIET) as sluice:
        with Load(bench, sluice.http_port, SESSIONS, "--parse", 1) as load:
            load.open()
            ratio, _ = burst.writes_per_delivery(bench, sluice, load, 200, "batch")
    return _say(ratio <= MAX_WRITES_PER_DELIVERY,
                f"{ratio:.3f} writes per delivery in bursts of {burst.BURST} "
                f"(at most {MAX_WRITES_PER_DELIVERY})")


def _fanout(bench):
    with ExitStack() as stack:
        sluice = stack.enter_context(
            Sluice(bench.sluice, bench.server_cores, bench.log, settings=QUIET))
        load = stack.enter_context(
            Load(bench, sluice.http_port, SESSIONS, "--topic", "t1", "--parse", 1))
        load.open()
        floor = stack.enter_context(Floor(bench))
        floor_load = stack.enter_context(Load(bench, floor.http_port, SESSIONS, "--parse", 1))
        floor_load.open()
        floor.ask(f"wait {SESSIONS}")
        ratios = [_fanout_ratio(bench, sluice, load, floor, floor_load) for _ in range(PAIRS)]
    ratio = statistics.median(ratios)
    return _say(ratio <= MAX_FANOUT, f"fan-out to {SESSIONS} sessions takes {ratio:.2f} x the CPU "
                f"time of bare sends (at most {MAX_FANOUT})")


def _fanout_ratio(bench, sluice, load, floor, floor_load):
    load.reset()
    before = sluice.cpu().schedstat_ns
    published = publish(bench, sluice.grpc_address, method="stream", target="topic", name="t1",
                        events=EVENTS, rate=50, data_bytes=DATA_BYTES)
    report = load.await_bytes(published["sse_bytes"] * SESSIONS)
    ours = sluice.cpu().schedstat_ns - before
    demand_same_for_all(report, published)
    floor_load.reset()
    pushed = floor.push(f"fanout {EVENTS} 50")
    floor_load.await_bytes(pushed["bytes"])
    return ours / pushed["cpu_ns"]


def _memory(bench):
    found = memory.slope(memory.measure_once(bench, MEMORY_STEPS)["idle"])
    return _say(found <= MAX_SESSION_BYTES,
                f"{found:.0f} B of user memory per idle session (at most {MAX_SESSION_BYTES})")


def _slow(bench):
    share, caught_up = slow.memory_share(bench)
    return _say(share <= slow.MEMORY_TARGET and caught_up == 2,
                f"two stalled readers cost {share:.3f} of what they are behind (at most "
                f"{slow.MEMORY_TARGET}), {caught_up} of 2 caught up or were told of a gap")
