"""NATS restarts, the stream in memory on one server: all is lost, and every client is told so, once for
each restart."""

from lab.process import Failed
from lab.trial import Trial


def run(size):
    restarts = size.pick(1, 3)
    with Trial("nats-memory", size, gaps=["epoch"], settings={"nats.storage": "memory"}) as trial:
        server = trial.topology.nats[0]
        for round_ in range(restarts):
            (server.kill if round_ % 2 == 0 else server.terminate)()
            server.start()
            server.await_ready()
            trial.topology.await_ready()
            trial.flow(size.pick(1, 10))
            trial.settle()
            trial.publish()
        gaps = trial.settle()[1]["gaps"]
        figures = trial.verify()
    if gaps != restarts * trial.clients:
        raise Failed(f"{gaps} gaps for {restarts} new epochs and {trial.clients} clients")
    return figures
