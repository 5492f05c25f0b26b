"""Each link to NATS is cut in each direction and healed: gateway-NATS and edge-NATS, packets to and
from NATS vanish. It is noticed, connections of clients stay, and afterwards nothing is missing."""

import time

from lab import links
from lab.process import await_condition
from lab.trial import Trial

_NOTICED_SECONDS = 30


def run(size):
    links.enter()
    with Trial("links-cut", size, with_links=True) as trial:
        for name in ("gateway1", "edge1"):
            for direction in ("to", "from"):
                _cut(trial, size, trial.topology[name], direction)
        trial.settle()
        return trial.verify()


def _cut(trial, size, process, direction):
    trial.topology.links.cut(process.name, direction)
    if size.is_long:
        await_condition(lambda: "nats" in process.waiting_for(), _NOTICED_SECONDS,
                        f"{process.name} notices that its link {direction} NATS is cut")
        time.sleep(30)  # the fault goes on
    else:
        time.sleep(2)  # the fault itself
    trial.topology.links.heal()
    process.await_ready()
    trial.flow(size.pick(1, 10))
