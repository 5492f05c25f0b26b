"""What the log must have held: from the answers that publishers got and the events that anybody saw."""

from bisect import bisect_right

from invariants.finding import read_id, write_id

OK = "0"


class EventLog:
    """Every event that is known to have been stored, by channel and epoch."""

    def __init__(self, findings, doubles_allowed=False):
        self._findings = findings
        self._doubles_allowed = doubles_allowed
        self._targets = {}  # number of a publish -> channel
        self._numbers = {}  # (epoch, sequence) -> number
        self._stored = {}  # (number, epoch) -> sequence
        self._channels = {}  # channel -> epoch -> {sequence: number}
        self.acknowledged = 0

    def take_publisher(self, lines):
        for kind, _, number, *fields in lines:
            if kind == "P":
                self._targets[number] = fields[0]
            elif kind == "A" and fields[2] == OK:
                position = read_id(fields[3])
                if position is None:
                    self._findings.add("I1", f"publish {number} was answered with id {fields[3]!r}")
                    continue
                self.acknowledged += 1
                self._store(number, self._targets[number], position, "acknowledged")

    def take_subscribers(self, lines):
        """Events that were stored although their publisher never learned it."""
        for line in lines:
            if line[0] != "E":
                continue
            number, target, position = line[5], line[6], read_id(line[4])
            if position is not None and self._targets.get(number) == target:
                self._store(number, target, position, "delivered")

    def _store(self, number, target, position, how):
        epoch, sequence = position
        other = self._numbers.setdefault(position, number)
        if other != number:
            self._findings.add("I1", f"{write_id(position)} is the id of publishes {other} and {number}")
        first = self._stored.setdefault((number, epoch), sequence)
        if first != sequence and not self._doubles_allowed:
            self._findings.add("I4", f"publish {number} is stored twice: {epoch}-{first} and "
                                     f"{write_id(position)} ({how})")
        self._channels.setdefault(target, {}).setdefault(epoch, {})[sequence] = number

    def target_of(self, number):
        return self._targets.get(number)

    def for_channels(self, channels):
        """epoch -> Entitlement: what someone who follows the channels must see."""
        merged = {}
        for channel in channels:
            for epoch, events in self._channels.get(channel, {}).items():
                merged.setdefault(epoch, []).extend(events)
        return {epoch: Entitlement(sorted(set(sequences))) for epoch, sequences in merged.items()}


class Entitlement:
    """The sequences of one epoch that one client must see."""

    def __init__(self, sequences):
        self._sequences = sequences

    def between(self, after, until):
        """Those in (after, until]."""
        begin = bisect_right(self._sequences, after)
        return self._sequences[begin:bisect_right(self._sequences, until, lo=begin)]
