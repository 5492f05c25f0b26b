"""NATS's protocol as its documentation has it, over a socket: a client that owes nothing to ours."""

import collections
import json
import socket
import ssl

from nats_server import PASSWORDS

Message = collections.namedtuple("Message", "subject reply headers data")
PATIENCE_SECONDS = 20


class NatsClient:
    """Synchronous. `errors` has what the server complained about."""

    def __init__(self, port, user=None, authority=None):
        self._socket = socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS)
        self._file = self._socket.makefile("rb")
        self.info = json.loads(self._file.readline().split(b" ", 1)[1])
        if authority:
            context = ssl.create_default_context(cafile=authority)
            self._socket = context.wrap_socket(self._socket, server_hostname="127.0.0.1")
            self._file = self._socket.makefile("rb")
        self.messages, self.errors = [], []
        self._subscriptions = 0
        options = {"verbose": False, "headers": True, "no_responders": True, "lang": "test", "version": "1"}
        if user:
            options |= {"user": user, "pass": PASSWORDS[user]}
        self._send(f"CONNECT {json.dumps(options)}\r\n".encode())
        try:
            self.flush()
        except ConnectionError:
            self.close()
            raise

    def close(self):
        self._file.close()
        self._socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def publish(self, subject, data=b"", headers=None, reply=""):
        """`headers`: bytes between the version and the empty line, or (name, value) pairs."""
        if headers is None:
            return self._send(f"PUB {subject} {reply} {len(data)}\r\n".encode() + data + b"\r\n")
        if not isinstance(headers, bytes):
            headers = b"".join(f"{name}: {value}\r\n".encode() for name, value in headers)
        head = b"NATS/1.0\r\n" + headers + b"\r\n"
        self._send(f"HPUB {subject} {reply} {len(head)} {len(head) + len(data)}\r\n".encode() + head +
                   data + b"\r\n")

    def publish_status(self, subject, status):
        """An empty message that has a status, as only the server should send it."""
        head = f"NATS/1.0 {status}\r\n\r\n".encode()
        self._send(f"HPUB {subject} {len(head)} {len(head)}\r\n".encode() + head + b"\r\n")

    def subscribe(self, subject, queue=""):
        self._subscriptions += 1
        self._send(f"SUB {subject} {queue} {self._subscriptions}\r\n".encode())

    def flush(self):
        """Returns when the server has dealt with everything that was sent; its complaints since the last time."""
        before = len(self.errors)
        self._send(b"PING\r\n")
        while self._read() != b"PONG":
            pass
        return self.errors[before:]

    def next_message(self):
        while not self.messages:
            self._read()
        return self.messages.pop(0)

    def _send(self, octets):
        self._socket.sendall(octets)

    def _read(self):
        """One protocol line, dealt with; its verb."""
        line = self._file.readline()
        if not line:
            raise ConnectionError(f"the server closed the connection: {self.errors}")
        verb, _, rest = line.rstrip(b"\r\n").partition(b" ")
        if verb == b"-ERR":
            self.errors.append(rest.decode().strip("'"))
        elif verb == b"PING":
            self._send(b"PONG\r\n")
        elif verb in (b"MSG", b"HMSG"):
            self._take(verb == b"HMSG", rest.decode().split())
        return verb

    def _take(self, has_headers, words):
        total = int(words.pop())
        head = int(words.pop()) if has_headers else 0
        payload = self._file.read(total + 2)[:-2]
        reply = words[2] if len(words) == 3 else ""
        self.messages.append(Message(words[0], reply, payload[:head], payload[head:]))
