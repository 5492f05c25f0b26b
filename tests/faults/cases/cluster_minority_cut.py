"""Three NATS servers keep the stream (R3): the one that leads it is cut off from the others, but not from its
clients; those leave it and have everything while it is still cut off, and nothing acknowledged is lost."""

from lab import links
from lab.process import await_condition
from lab.trial import DIRECT_WIRES, SHARED_TOPIC, Trial

_STREAM = "SLUICE_DEFAULT_EVENTS"


def run(size):
    links.enter()
    # Without SockJS over xhr, which needs the edges to reach each other.
    with Trial("minority-cut", size, nats=3, with_links=True, wires=DIRECT_WIRES) as trial:
        servers = trial.topology.nats
        isolated = trial.topology[_leader(servers[0])]
        others = [server for server in servers if server is not isolated]
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


def _leader(server):
    return server.streams().get(_STREAM, {}).get("cluster", {}).get("leader")
