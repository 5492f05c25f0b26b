"""kill -9 an edge: its clients go on at the others and miss nothing; it comes back and serves."""

from lab.trial import Trial


def run(size):
    with Trial("edge-killed", size) as trial:
        for edge in trial.topology.edges[:size.pick(1, 3)]:
            edge.kill()
            trial.flow(size.pick(1, 10))
            trial.subscribers.demand(f"connected {trial.clients}", 30)
            edge.start()
            edge.await_ready()
            trial.flow(size.pick(1, 10))
        trial.settle()
        return trial.verify()
