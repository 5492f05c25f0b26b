"""Clients stay away for longer than events are kept: they are told `expired` and go on live; those who
stayed are told nothing."""

import time

from lab.process import Failed
from lab.trial import Trial


def run(size):
    kept = size.pick(2, 20)
    settings = {"retention.max_age": f"{kept}s", "log.idempotency_window": "1s"}
    with Trial("retention", size, gaps=["expired"], settings=settings, doubles_allowed=True) as trial:
        leavers = trial.clients // 3
        trial.subscribers.ask(f"leave {leavers}")
        time.sleep(kept * 2 + 1)  # the fault itself
        trial.subscribers.ask("return")
        trial.flow()
        gaps = trial.settle()[1]["gaps"]
        figures = trial.verify()
    if gaps != leavers:
        raise Failed(f"{gaps} gaps for {leavers} clients that were away too long")
    return figures
