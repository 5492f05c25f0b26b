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
    """The server that an edge is linked to, where the stream's leader and that edge's consumer are now too."""
    edge = next(iter(_hosts(topology)))
    server = next(server for server in topology.nats if server.has_client_with(f".inbox.edge.{edge}."))
    with NatsClient(server.port) as client:
        if _leader(server) != server.name:
            preferred = f'{{"placement": {{"preferred": "{server.name}"}}}}'.encode()
            client.request(f"$JS.API.STREAM.LEADER.STEPDOWN.{_STREAM}", preferred)
            await_condition(lambda: _leader(server) == server.name, 30, f"{server.name} leads the stream")
        while (host := _await_host(topology, edge))[0] is not server:
            client.request(f"$JS.API.CONSUMER.DELETE.{_STREAM}.{host[1]}")  # the next one may be here
    return server


def _await_host(topology, edge):
    await_condition(lambda: edge in _hosts(topology), 30, "the edge has a consumer")
    return _hosts(topology)[edge]


def _hosts(topology):
    """edge (the token in the names of its consumers) -> (server, consumer)"""
    return {consumer.split("-")[1]: (server, consumer)
            for server in topology.nats for consumer in server.consumers(_STREAM)}


def _leader(server):
    return server.streams().get(_STREAM, {}).get("cluster", {}).get("leader")
