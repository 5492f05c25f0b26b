"""Three NATS servers keep the stream (R3): kill -9 each in turn under load, the next once all replicas are
current again; nothing acknowledged is lost, no client notices but SockJS over xhr, which NATS carries."""

from lab.process import await_condition
from lab.trial import Trial

_STREAM = "SLUICE_DEFAULT_EVENTS"


def run(size):
    with Trial("cluster", size, nats=3) as trial:
        for server in trial.topology.nats:
            server.kill()
            trial.flow(size.pick(1, 20))
            server.start()
            server.await_ready()
            await_condition(lambda: any(each.keeps_current(_STREAM) for each in trial.topology.nats), 60,
                            "the replicas of the stream are current")
            trial.flow(size.pick(1, 20))
        return trial.verify_unnoticed()
