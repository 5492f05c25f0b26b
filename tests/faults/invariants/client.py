"""I1 to I4 for one client: follows its cursor over all its connections.

The cursor is the position up to which everything is accounted for. A block that moves it must leave no
entitled event behind, unless it is a `gap`, which says so."""

from invariants.event_log import Entitlement
from invariants.finding import read_id, write_id

_NOTHING = Entitlement([])
_STOMP = ("stomp", "sockjs", "sockjs-xhr-streaming", "sockjs-xhr")  # which does not say where an idle stream stands


class Client:
    def __init__(self, name, user, wire, findings, gaps_allowed):
        self.name = name
        self.user = user
        self.wire = wire
        self._is_quiet = wire in _STOMP
        self.channels = {user}
        self.cursor = None
        self.last_seen = None  # id of the last block, which must be presented next
        self._expected = {}
        self._findings = findings
        self._gaps_allowed = gaps_allowed
        self._presented = None
        self._is_first = False  # no block but `connected` yet on this connection
        self._owes_gap = False
        self._end = None  # how the last connection ended; None: it did not

    def expect_from(self, log):
        self._expected = log.for_channels(self.channels)

    def take(self, kind, fields, log):
        if kind == "O":
            self._open(fields)
        elif kind == "D":
            self._end = fields[1]
        elif kind == "M":
            self._violate("I3", "got a block that no publisher sent")
        elif kind != "X":
            position = read_id(fields[1])
            if position is None:
                self._violate("I2", f"got the id {fields[1]!r}")
                return
            {"C": self._connected, "E": self._event, "I": self._idle, "G": self._gap}[kind](
                position, fields[2:], log)
            self.last_seen = position

    def _open(self, fields):
        self._end = None
        self._presented = None if fields[2] == "-" else read_id(fields[2])
        if self._presented != self.last_seen:
            self._violate("I4", f"presents {fields[2]} after {write_id(self.last_seen)}: a test's defect")

    def _connected(self, position, fields, _):
        self._is_first, self._owes_gap = True, False
        if fields[1:] != [self.user]:
            self._violate("I3", f"is {self.user} and was connected as {fields[1:]}")
        if fields[0] == "1":
            if position != self._presented:
                self._violate("I1", f"presented {write_id(self._presented)} and was resumed at "
                                    f"{write_id(position)}")
        elif self._presented is not None:
            self._owes_gap = True
        else:
            self.cursor = position

    def _event(self, position, fields, log):
        number, target = fields
        if target not in self.channels:
            self._violate("I3", f"got {write_id(position)} for {target}")
        elif log.target_of(number) != target:
            self._violate("I3", f"got {write_id(position)}: publish {number} for {target}, which was "
                                f"for {log.target_of(number)}")
        self._findings.count("delivered")
        self._findings.count(f"delivered_{self.wire}")
        self._rise(position, is_event=True)

    def _idle(self, position, _, __):
        self._rise(position, is_event=False)

    def _rise(self, position, is_event):
        if self._owes_gap:
            self._violate("I1", f"presented {write_id(self._presented)}, was not resumed, and got "
                                f"{write_id(position)} without a gap")
            self._owes_gap = False
            self.cursor = position
            return
        cursor = self.cursor
        if cursor is None or position[0] != cursor[0]:
            self._violate("I2", f"went from {write_id(cursor)} to {write_id(position)} without a gap")
        elif position[1] < cursor[1] or (is_event and position[1] == cursor[1]):
            repeats = self._presented is not None and self._is_first
            self._violate("I4" if repeats else "I2",
                          f"got {write_id(position)} after {write_id(cursor)}")
            return
        else:
            self._account(cursor, position, is_event)
        self._is_first = False
        self.cursor = position

    def _account(self, cursor, position, is_event):
        """Everything in (cursor, position) must have been seen; at an event, `position` is seen now."""
        until = position[1] - 1 if is_event else position[1]
        missed = self._expected.get(position[0], _NOTHING).between(cursor[1], until)
        if missed:
            self._violate("I1", f"went from {write_id(cursor)} to {write_id(position)} without "
                                f"{len(missed)} events, the first {position[0]}-{missed[0]}")

    def _gap(self, position, fields, _):
        reason, requested, resume_at = fields
        cursor, self.cursor = self.cursor, position
        self._owes_gap = self._is_first = False
        self._findings.count("gaps")
        self._findings.count(f"gaps_{reason}")
        if reason not in self._gaps_allowed:
            self._violate("I1", f"got a gap ({reason}) from {requested} to {resume_at}")
        if read_id(resume_at) != position:
            self._violate("I2", f"got a gap with id {write_id(position)} and resumeAt {resume_at}")
        if cursor is None:
            return
        stood = read_id(requested)
        if self._is_quiet and stood and stood[0] == cursor[0] and stood[1] > cursor[1]:
            self._account(cursor, stood, is_event=False)
            cursor = stood
        if read_id(requested) != cursor:
            self._violate("I1", f"was at {write_id(cursor)}, its gap says {requested}")
        if (reason == "epoch") == (position[0] == cursor[0]):
            self._violate("I2", f"got a gap ({reason}) from {write_id(cursor)} to {resume_at}")
        if position[0] == cursor[0]:
            if position[1] < cursor[1]:
                self._violate("I2", f"got a gap back from {write_id(cursor)} to {resume_at}")
            lost = self._expected.get(position[0], _NOTHING).between(cursor[1], position[1])
            self._findings.count("declared_lost", len(lost))
            self._findings.count("idle_gaps", 0 if lost else 1)

    def finish(self, target):
        """`target`: what the test waited for everybody to have; it must be accounted for."""
        if self._end not in (None, "own"):
            self._violate("I1", f"did not come back: {self._end}")
        if self._owes_gap:
            self._violate("I1", f"presented {write_id(self._presented)} and was not resumed")
        if target is None:
            return
        if self.cursor is None or self.cursor[0] != target[0] or self.cursor[1] < target[1]:
            self._violate("I1", f"ended at {write_id(self.cursor)}, not at {write_id(target)}")

    def _violate(self, invariant, text):
        self._findings.add(invariant, f"client {self.name} {text}")
