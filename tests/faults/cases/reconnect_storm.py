"""All clients of a killed edge reconnect to the other with Last-Event-ID and 50 events missed: served from
its memory, so that NATS hears no more of 10,000 clients than of 100."""

import time

from lab.process import Failed
from lab.trial import DIRECT_WIRES, SHARED_TOPIC, Trial

_MISSED = 50
_REQUESTS = 100  # to NATS besides the publishes, of the whole topology in that time
_SECONDS = 10


def run(size):
    options = ("--together", "--retry-cap", 1_000)
    # Without SockJS over xhr: each of its sessions is a name on NATS (ADR 9), and heard of there.
    with Trial("storm", size, clients=size.storm, wires=DIRECT_WIRES, edges=2, gateways=1,
               settings={"edge.retry": "2s"}, subscriber_options=options) as trial:
        trial.settle()
        server, (edge, other) = trial.topology.nats[0], trial.topology.edges
        if edge.sessions() != trial.clients or other.sessions() != 0:
            raise Failed("the clients are not all at the first edge")
        requests, subscriptions = server.messages_in(), server.subscriptions()
        before = trial.subscribers.ask("count")
        killed = time.monotonic()
        edge.kill()
        published = trial.publisher.ask(f"send {SHARED_TOPIC} {_MISSED} 500")
        answer = trial.await_all(published["last_id"])
        took = time.monotonic() - killed
        requests = server.messages_in() - requests - _MISSED
        subscriptions = server.subscriptions() - subscriptions
        figures = trial.verify()
    resumed = answer["resumed"] - before["resumed"]
    if resumed != trial.clients or answer["events"] - before["events"] != resumed * _MISSED:
        raise Failed(f"{trial.clients} clients came back, not all with their events: {answer}")
    if requests > _REQUESTS or subscriptions > 0:
        raise Failed(f"NATS heard {requests} messages besides the publishes, and {subscriptions} more "
                     "subscriptions")
    if size.is_long and took > _SECONDS:
        raise Failed(f"caught up after {took} s")
    return {**figures, "caught_up_ms": int(took * 1000), "nats_messages": requests}
