"""Frames of the NATS protocol from a stream of octets: lines, some with a payload."""

_WITH_PAYLOAD = (b"MSG ", b"HMSG ", b"PUB ", b"HPUB ")


class NatsFrames:
    """Iterates over (line without its end, payload or None, raw octets) until the stream ends."""

    def __init__(self, receive):
        self._receive = receive  # -> octets, empty at the end
        self._pending = b""

    def __iter__(self):
        while True:
            line = self._take_line()
            if line is None:
                return
            if not line.startswith(_WITH_PAYLOAD):
                yield line, None, line + b"\r\n"
                continue
            size = int(line.rsplit(b" ", 1)[1])
            body = self._take(size + 2)
            if body is None:
                return
            yield line, body[:size], line + b"\r\n" + body

    def _take_line(self):
        while b"\r\n" not in self._pending:
            if not self._fill():
                return None
        line, self._pending = self._pending.split(b"\r\n", 1)
        return line

    def _take(self, size):
        while len(self._pending) < size:
            if not self._fill():
                return None
        body, self._pending = self._pending[:size], self._pending[size:]
        return body

    def _fill(self):
        try:
            octets = self._receive()
        except OSError:
            return False
        self._pending += octets
        return bool(octets)
