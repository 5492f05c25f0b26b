"""One SSE stream of a user with any name, read by the test itself."""

import http.client
from dataclasses import dataclass
from urllib.parse import quote_from_bytes

from invariants.finding import read_id
from lab.process import Failed

_PATIENCE_SECONDS = 20


@dataclass(frozen=True)
class Block:
    id: str
    event: str
    data: bytes


class EventStream:
    """`status` other than 200: refused. Names are octets, so that they may be anything."""

    def __init__(self, port, user, topic=None):
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_SECONDS)
        path = "/v1/events?user=" + quote_from_bytes(user, safe="")
        if topic is not None:
            path += "&topic=" + quote_from_bytes(topic, safe="")
        self._connection.request("GET", path)
        self._response = self._connection.getresponse()
        self.status = self._response.status
        if self.status == 200:
            while self.read_block().event != "connected":
                pass

    def close(self):
        self._connection.close()

    def read_block(self):
        fields, data = {}, []
        while (line := self._response.readline()) != b"\n":
            if not line:
                raise Failed("a stream ended")
            name, _, value = line.rstrip(b"\n").partition(b":")
            value = value.removeprefix(b" ")
            if name == b"data":
                data.append(value)
            else:
                fields[name.decode()] = value.decode()
        return Block(fields.get("id", ""), fields.get("event", ""), b"\n".join(data))

    def events_until(self, event_id):
        """The events up to that id; an id alone, sent when nothing comes, may be what ends them."""
        until, events = read_id(event_id), []
        while True:
            block = self.read_block()
            position = read_id(block.id)
            if block.data:
                events.append(block)
            if position and position[0] == until[0] and position[1] >= until[1]:
                return events
