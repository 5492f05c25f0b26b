"""No fault: a recorded history is clean, and is not any more once an event is dropped, doubled, swapped with
the next one of its client, or given to another client."""

from checker import check_lines
from invariants.finding import read_lines
from lab.process import Failed
from lab.trial import Trial

_CLIENT = 2  # fields of a line of subscribers.txt: kind, time, client, connection, id, ...
_ID = 4


def run(size):
    with Trial("checker", size, nats=0) as trial:
        trial.settle()
        figures = trial.verify()
        publisher, subscribers, topology = (
            list(read_lines(trial.folder / f"{name}.txt"))
            for name in ("publisher", "subscribers", "topology"))
    changes = {name: change(subscribers) for name, change in _CHANGES.items()}
    missed = [name for name, changed in changes.items()
              if not check_lines(publisher, changed, topology).violations]
    if missed:
        raise Failed(f"the checker does not notice an event that was {', '.join(missed)}")
    return {**figures, "changes_noticed": len(changes)}


def _events(lines):
    return [index for index, line in enumerate(lines) if line[0] == "E"]


def _drop(lines):
    index = _events(lines)[0]
    return lines[:index] + lines[index + 1:]


def _double(lines):
    index = _events(lines)[0]
    return lines[:index + 1] + lines[index:]


def _swap(lines):
    """Of the first client that got two events."""
    first = {}
    for index in _events(lines):
        client = lines[index][_CLIENT]
        if client in first:
            changed = list(lines)
            changed[first[client]], changed[index] = changed[index], changed[first[client]]
            return changed
        first[client] = index
    raise Failed("no client got two events")


def _misdeliver(lines):
    """A copy for another client that could take the id: it was below it until then."""
    index = _events(lines)[-1]
    line = lines[index]
    other = next(each for each in lines if each[0] == "C" and each[_CLIENT] != line[_CLIENT])
    return lines[:index] + [[*line[:_CLIENT], *other[_CLIENT:_ID], *line[_ID:]]] + lines[index:]


_CHANGES = {"dropped": _drop, "doubled": _double, "swapped": _swap, "misdelivered": _misdeliver}
