"""`sluice serve` with its log in memory: kill -9 is a new epoch that everybody is told, SIGTERM is
`closing shutdown` for everybody first."""

from lab.process import Failed
from lab.trial import Trial


def run(size):
    with Trial("serve", size, gaps=["epoch"], nats=0) as trial:
        server = trial.topology.edges[0]
        server.kill()
        server.start()
        server.await_ready()
        trial.flow()
        killed = trial.settle()[1]
        if killed["gaps"] < trial.clients:
            raise Failed(f"{killed['gaps']} gaps for {trial.clients} clients of another epoch")
        trial.publish()
        server.terminate()
        told = trial.subscribers.ask("count")
        # Over xhr only where a request waits at that moment.
        if told["closings"] != trial.clients - told["xhr_subscribers"] or told["xhr_closings"] == 0:
            raise Failed(f"SIGTERM did not tell all {trial.clients} clients: {told}")
        server.start()
        server.await_ready()
        trial.flow()
        trial.settle()
        return trial.verify()
