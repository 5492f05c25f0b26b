"""NATS is away for 3 minutes: /readyz says so, /livez does not mind, connections stay, publishers are
told UNAVAILABLE; all recover without a restart, and without having grown."""

import time

from lab.process import Failed, await_condition
from lab.trial import DIRECT_WIRES, Trial

_NOTICED_SECONDS = 20
# Full before the base is measured, and more than is published until the last edge has its link again.
_SETTINGS = {"retention.max_bytes": "3MiB"}


def run(size):
    # Without SockJS over xhr, which is disconnected, and would come back behind what is retained.
    with Trial("nats-away", size, settings=_SETTINGS, wires=DIRECT_WIRES) as trial:
        if size.is_long:
            # Memory is compared with that after an outage which is longer than publishers keep on
            # trying: by then as many calls have waited at once as ever will.
            trial.flow(20)
            _take_away(trial, 40)
            trial.flow(40)
            trial.record_base(with_memory=True)
        during = _take_away(trial, size.pick(2, 180))
        trial.flow(size.pick(1, 60))
        published = trial.settle()[0]
        figures = trial.verify()
    if during["connected"] != trial.clients or during["disconnects"]:
        raise Failed(f"clients were disconnected while NATS was away: {during}")
    if not published.get("code_14"):
        raise Failed(f"no publisher was told UNAVAILABLE: {published}")
    return {**figures, "unavailable": published["code_14"], "given_up": published["failed"]}


def _take_away(trial, seconds):
    """Ends NATS and starts it again; what the clients counted meanwhile."""
    server = trial.topology.nats[0]
    server.kill()
    for process in trial.topology.sluices:
        await_condition(lambda one=process: "nats" in one.waiting_for(), _NOTICED_SECONDS,
                        f"{process.name} says that it waits for nats")
    time.sleep(seconds)  # the fault itself
    for process in trial.topology.sluices:
        if not process.is_alive():
            raise Failed(f"{process.name} is not alive while NATS is away")
    during = trial.subscribers.ask("count")
    server.start()
    trial.topology.await_ready()
    return during
