"""SIGTERM to an edge: each of its clients is told `closing` and gets all bytes; none is reset."""

from checker import read_lines
from lab.process import Failed
from lab.trial import Trial


def run(size):
    with Trial("edge-terminated", size) as trial:
        edge = trial.topology.edges[0]
        sessions = edge.sessions()
        edge.terminate()
        trial.flow(size.pick(1, 10))
        trial.subscribers.demand(f"connected {trial.clients}", 30)
        edge.start()
        edge.await_ready()
        trial.flow(size.pick(1, 10))
        closings = trial.settle()[1]["closings"]
        resets = [line for line in read_lines(trial.folder / "subscribers.txt")
                  if line[0] == "D" and line[4] == "reset"]
        figures = trial.verify()
    if sessions == 0 or closings != sessions or resets:
        raise Failed(f"{closings} of {sessions} sessions were told `closing`, {len(resets)} were reset")
    return figures
