"""The stream is deleted and created again with sequences from 1: a new epoch, of which everybody is
told; no id of the old one is taken for one of the new."""

import json

from lab.nats_client import NatsClient
from lab.process import Failed
from lab.trial import Trial

_STREAM = "SLUICE_DEFAULT_EVENTS"


def run(size):
    with Trial("stream-recreated", size, gaps=["epoch"]) as trial:
        for _ in range(size.pick(1, 3)):
            with NatsClient(trial.topology.nats[0].port) as client:
                config = client.request(f"$JS.API.STREAM.INFO.{_STREAM}")["config"]
                client.request(f"$JS.API.STREAM.DELETE.{_STREAM}")
                client.request(f"$JS.API.STREAM.CREATE.{_STREAM}", json.dumps(config).encode())
            trial.flow(size.pick(2, 10))
            trial.settle()
            trial.publish()
        gaps = trial.settle()[1]["gaps"]
        figures = trial.verify()
    if gaps < trial.clients * size.pick(1, 3):
        raise Failed(f"{gaps} gaps for {trial.clients} clients")
    return figures
