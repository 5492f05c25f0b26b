"""What the faults that end NATS have in common: an ending, a beginning, and what must hold."""

from lab.trial import Trial


def run(name, size, end, gaps=(), settings=None):
    """`end`: ends the one server of NATS. The figures of the run."""
    with Trial(name, size, gaps=gaps, settings=settings) as trial:
        server = trial.topology.nats[0]
        for _ in range(size.pick(1, 5)):
            end(server)
            server.start()
            server.await_ready()
            trial.flow(size.pick(2, 10))
        answer = trial.settle()[1]
        return {**trial.verify(), "disconnects": answer["disconnects"]}
