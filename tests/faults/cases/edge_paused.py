"""An edge is stopped (SIGSTOP) for 60 s and goes on: its clients stay and miss nothing."""

import time

from lab.trial import Trial


def run(size):
    with Trial("edge-paused", size) as trial:
        edge = trial.topology.edges[0]
        edge.pause()
        time.sleep(size.pick(5, 60))  # the fault itself
        edge.resume()
        trial.flow(size.pick(1, 10))
        trial.settle()
        return trial.verify()
