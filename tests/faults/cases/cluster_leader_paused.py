"""Three NATS servers keep the stream (R3): the one that leads it is stopped (SIGSTOP) for 30 s and goes on;
nothing acknowledged is lost, no client notices but SockJS over xhr, which NATS carries."""

import time

from lab.trial import Trial

_STREAM = "SLUICE_DEFAULT_EVENTS"


def run(size):
    with Trial("leader-paused", size, nats=3) as trial:
        servers = trial.topology.nats
        leader = trial.topology[servers[0].streams()[_STREAM]["cluster"]["leader"]]
        leader.pause()
        time.sleep(size.pick(6, 30))  # the fault itself
        trial.flow(size.pick(1, 20))  # the others go on without it
        leader.resume()
        leader.await_ready()
        trial.flow(size.pick(1, 20))
        return trial.verify_unnoticed()
