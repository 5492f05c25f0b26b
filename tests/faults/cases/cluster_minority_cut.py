"""Three NATS servers keep the stream (R3): the one that leads it is cut off from the others, but not from its
clients; those leave it and have everything while it is still cut off, and nothing acknowledged is lost. An edge
has its link and its consumer there, so that all it hears is that there is nothing new."""

from lab import links
from lab.nats_client import NatsClient
from lab.process import await_condition
from lab.trial import DIRECT_WIRES, SHARED_TOPIC, Trial

_STREAM = "SLUICE_DEFAULT_EVENTS"


def run(size):
    links.enter()
    # Without SockJS over xhr, which needs the edges to reach each other.
    with Trial("minority-cut", size, nats=3, with_links=True, wires=DIRECT_WIRES) as trial:
        isolated = _gather(trial.topology)
        others = [server for server in trial.topology.nats if server is not isolated]
        trial.topology.links.isolate(isolated)
        await_condition(lambda: all(_leader(other) in (others[0].name, others[1].name) for other in others), 60,
                        "the others have a leader")
        trial.topology.await_ready()
        trial.flow(size.pick(2, 30))
        trial.publisher.pause(60)
        trial.await_all(trial.publisher.ask(f"send {SHARED_TOPIC} 1 1")["last_id"])
        trial.topology.links.heal()
        trial.publish()
        trial.flow(size.pick(2, 30))
        return trial.verify_unnoticed()


def _gather(topology):
    """A server that an edge is linked to, and where that edge's consumer and now the stream's leader are too."""
    with NatsClient(topology.nats[0].port) as client:
        while (server := _home(topology)) is None:
            edge, (_, consumer) = next(iter(_hosts(topology).items()))
            client.request(f"$JS.API.CONSUMER.DELETE.{_STREAM}.{consumer}")  # the next one may be at home
            await_condition(lambda: _hosts(topology).get(edge, ("", consumer))[1] != consumer, 30,
                            "the edge has another consumer")
        if _leader(server) != server.name:
            preferred = f'{{"placement": {{"preferred": "{server.name}"}}}}'.encode()
            client.request(f"$JS.API.STREAM.LEADER.STEPDOWN.{_STREAM}", preferred)
            await_condition(lambda: _leader(server) == server.name, 30, f"{server.name} leads the stream")
    return server


def _home(topology):
    return next((server for edge, (server, _) in _hosts(topology).items()
                 if server.has_client_with(f".inbox.edge.{edge}.")), None)


def _hosts(topology):
    """edge (the token in the names of its consumers) -> (server, consumer)"""
    return {consumer.split("-")[1]: (server, consumer)
            for server in topology.nats for consumer in server.consumers(_STREAM)}


def _leader(server):
    return server.streams().get(_STREAM, {}).get("cluster", {}).get("leader")
