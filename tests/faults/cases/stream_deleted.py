"""The stream is deleted under a running system: it is created anew, as a new epoch."""

from lab.nats_client import NatsClient
from lab.process import Failed
from lab.trial import Trial

_STREAM = "SLUICE_DEFAULT_EVENTS"


def run(size):
    with Trial("stream-deleted", size, gaps=["epoch"]) as trial:
        with NatsClient(trial.topology.nats[0].port) as client:
            client.request(f"$JS.API.STREAM.DELETE.{_STREAM}")
        trial.flow(size.pick(2, 10))
        gaps = trial.settle()[1]["gaps"]
        figures = trial.verify()
    if gaps < trial.clients:
        raise Failed(f"{gaps} gaps for {trial.clients} clients")
    return figures
