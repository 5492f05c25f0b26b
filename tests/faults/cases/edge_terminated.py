"""SIGTERM to an edge: each of its clients is told `closing` and gets all bytes; none is reset. SockJS over xhr is told
where a request waits at that moment."""

from checker import read_lines
from lab.process import Failed
from lab.trial import Trial


def run(size):
    with Trial("edge-terminated", size) as trial:
        edge = trial.topology.edges[0]
        edge.terminate()
        trial.flow(size.pick(1, 10))
        trial.subscribers.demand(f"connected {trial.clients}", 30)
        edge.start()
        edge.await_ready()
        trial.flow(size.pick(1, 10))
        answer = trial.settle()[1]
        resets = [line for line in read_lines(trial.folder / "subscribers.txt")
                  if line[0] == "D" and line[4] == "reset"]
        figures = trial.verify()
    if answer["disconnects"] == 0 or answer["closings"] != answer["disconnects"] or resets:
        raise Failed(f"not all that were disconnected were told `closing`, or {len(resets)} were reset: {answer}")
    if answer["xhr_closings"] == 0:
        raise Failed(f"nobody was told `closing` over xhr: {answer}")
    return figures
