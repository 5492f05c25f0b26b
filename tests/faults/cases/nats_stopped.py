"""Publishing while NATS is stopped: every call is answered UNAVAILABLE within its deadline, what waits
takes bounded memory, and publishing works again without a restart."""

from lab.process import Failed, await_condition
from lab.trial import Trial

_DEADLINE_MS = 2_000
_MORE_MEMORY = 64 << 20  # gateway.max_in_flight_bytes


def run(size):
    options = ("--give-up", 0, "--deadline", _DEADLINE_MS)
    with Trial("nats-stopped", size, publisher_options=options) as trial:
        before = trial.publisher.pause()
        memory = [gateway.rss_bytes() for gateway in trial.topology.gateways]
        trial.topology.nats[0].kill()
        for gateway in trial.topology.gateways:
            await_condition(lambda one=gateway: "nats" in one.waiting_for(), 20, "not ready")
        during = trial.publisher.ask(f"send u1 {size.pick(2_000, 20_000)} 5000")
        grown = max(gateway.rss_bytes() - was
                    for gateway, was in zip(trial.topology.gateways, memory))
        trial.topology.nats[0].start()
        trial.topology.await_ready()
        trial.publish()
        trial.flow()
        after = trial.settle()[0]
        figures = trial.verify()
    codes = {key: number for key, number in during.items() if key.startswith("code_")}
    if set(codes) != {"code_0", "code_14"} or during["acknowledged"] != before["acknowledged"]:
        raise Failed(f"answers while NATS was stopped: {during}")
    if during["slowest_call_ns"] >= _DEADLINE_MS * 1e6 or grown > _MORE_MEMORY:
        raise Failed(f"slowest call {during['slowest_call_ns'] / 1e6} ms, {grown} bytes more")
    if after["acknowledged"] == during["acknowledged"]:
        raise Failed("nothing was stored after NATS came back")
    return {**figures, "unavailable": codes["code_14"],
            "slowest_call_us": during["slowest_call_ns"] // 1000, "grown_kib": grown >> 10}
