"""Three NATS servers keep the stream (R3): the one that leads it is cut off from the others, but not from its
clients, which have to leave it; nothing acknowledged is lost, no client notices."""

from lab import links
from lab.process import Failed, await_condition
from lab.trial import Trial

_STREAM = "SLUICE_DEFAULT_EVENTS"
_NEED_JETSTREAM = ("sluice gateway", "sluice edge", "sluice gateway client messages", "sluice edge client messages")


def run(size):
    links.enter()
    with Trial("minority-cut", size, nats=3, with_links=True) as trial:
        servers = trial.topology.nats
        isolated = trial.topology[_leader(servers[0])]
        others = [server for server in servers if server is not isolated]
        at_it = _clients_in_need(isolated)
        trial.topology.links.isolate(isolated)
        await_condition(lambda: all(_leader(other) in (others[0].name, others[1].name) for other in others), 60,
                        "the others have a leader")
        await_condition(lambda: not _clients_in_need(isolated), 60,
                        lambda: f"{isolated.name} is left; it has {_clients_in_need(isolated)}")
        trial.topology.await_ready()
        trial.flow(size.pick(2, 30))  # without it
        trial.topology.links.heal()
        trial.flow(size.pick(2, 30))
        published, answer = trial.settle()
        figures = trial.verify()
    if answer["disconnects"]:
        raise Failed(f"{answer['disconnects']} clients were disconnected")
    return {**figures, "left": len(at_it), "retries": published["retries"], "given_up": published["failed"]}


def _leader(server):
    return server.streams().get(_STREAM, {}).get("cluster", {}).get("leader")


def _clients_in_need(server):
    return [name for name in server.clients() if name in _NEED_JETSTREAM]
