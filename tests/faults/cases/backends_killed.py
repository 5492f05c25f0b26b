"""Browsers send while backends, a gateway and an edge are killed and NATS is restarted: whatever was answered as
stored is received, and a user's messages in their order."""

from lab.backends import Backends
from lab.process import Failed, await_condition
from lab.senders import Senders
from lab.trial import Trial


def run(size):
    settings = {"messages.ack_wait": "2s", "messages.retry_delay": "100ms"}
    with Trial("backends-killed", size, settings=settings) as trial:
        topology = trial.topology
        backends = Backends(topology.binary, topology.gateways, trial.folder)
        try:
            senders = Senders([edge.http_port for edge in topology.edges], size.pick(12, 60))

            def flow(messages=size.pick(100, 1000)):
                wanted = senders.total() + messages

                def has_come():
                    backends.keep_running()
                    return senders.total() >= wanted

                await_condition(has_come, 60, f"{messages} more messages stored")

            def restart(server):
                server.kill()
                server.start()
                server.await_ready()
                flow()

            flow()
            for index in range(len(topology.gateways)):
                backends.kill(index)
                flow()
            for server in (topology.gateways[0], topology.edges[0]):
                restart(server)
            backends.await_all(dict(senders.stored))
            _check_order(backends.received())
            # A server that is killed may forget what it was told last: those come again, in order.
            restart(topology.nats[0])
            senders.finish()
            backends.await_all(senders.stored)
            received = backends.received()
        finally:
            backends.stop()
        trial.settle()
        figures = trial.verify()
    return {**figures, "sent": senders.total(), "received_again": _check_all(senders.stored, received)}


def _check_order(received):
    for user, numbers in received.items():
        behind = next((n for n, after in zip(numbers, numbers[1:]) if after < n), None)
        if behind is not None:
            raise Failed(f"{user}: something older was received behind {behind}")


def _check_all(stored, received):
    """How many messages came more than once."""
    for user, highest in stored.items():
        first_times = list(dict.fromkeys(received[user]))
        if first_times != list(range(1, len(first_times) + 1)) or len(first_times) < highest:
            raise Failed(f"{user}: {highest} were stored, and for the first time came {first_times}")
    return sum(len(numbers) - len(set(numbers)) for numbers in received.values())
