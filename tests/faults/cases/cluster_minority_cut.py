"""Three NATS servers keep the stream (R3): one of them, with its clients, is cut off from the others for 30 s, once
the one that leads the stream and once another; nothing acknowledged is lost, no client notices."""

import time

from lab import links
from lab.process import Failed, await_condition
from lab.trial import Trial

_STREAM = "SLUICE_DEFAULT_EVENTS"


def run(size):
    links.enter()
    with Trial("minority-cut", size, nats=3, with_links=True) as trial:
        servers = trial.topology.nats
        leader = trial.topology[servers[0].streams()[_STREAM]["cluster"]["leader"]]
        other = next(server for server in servers if server is not leader)
        for server in (leader, other):
            _isolate(trial, size, server)
        published, answer = trial.settle()
        figures = trial.verify()
    if answer["disconnects"]:
        raise Failed(f"{answer['disconnects']} clients were disconnected")
    return {**figures, "retries": published["retries"], "given_up": published["failed"]}


def _isolate(trial, size, server):
    if not server.connections():
        raise Failed(f"{server.name} has no clients that could be cut off with it")
    trial.topology.links.isolate(server)
    time.sleep(size.pick(8, 30))  # the fault itself
    trial.flow(size.pick(1, 20))  # the others go on without it
    trial.topology.links.heal()
    await_condition(lambda: any(each.keeps_current(_STREAM) for each in trial.topology.nats), 60,
                    "the replicas of the stream are current")
    trial.topology.await_ready()
    trial.flow(size.pick(1, 20))
