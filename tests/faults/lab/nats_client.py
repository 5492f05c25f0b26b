"""A plain NATS client, as any other program might be: publishes, requests, and a spy."""

import json
import queue
import socket
import threading

from lab.nats_frames import NatsFrames
from lab.process import Failed

_CONNECT = {"verbose": False, "pedantic": False, "headers": True, "no_responders": True,
            "protocol": 1, "name": "faults", "lang": "python", "version": "0"}
_PATIENCE_SECONDS = 10


class NatsClient:
    def __init__(self, port):
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE_SECONDS)
        self._socket.settimeout(None)
        self._messages = {}  # subscription -> queue of (subject, payload, reply)
        self._pongs = queue.Queue()
        self._inboxes = 0
        self._write(f"CONNECT {json.dumps(_CONNECT)}\r\n".encode())
        threading.Thread(target=self._read, daemon=True).start()
        self.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.shutdown(socket.SHUT_RDWR)  # which ends the reader

    def _write(self, octets):
        self._socket.sendall(octets)

    def _read(self):
        with self._socket:
            self._take_frames()

    def _take_frames(self):
        for line, payload, _ in NatsFrames(lambda: self._socket.recv(1 << 16)):
            words = line.split(b" ")
            if line == b"PING":
                self._write(b"PONG\r\n")
            elif line == b"PONG":
                self._pongs.put(line)
            elif words[0] in (b"MSG", b"HMSG"):
                sizes = 1 if words[0] == b"MSG" else 2
                reply = words[3].decode("latin-1") if len(words) == 4 + sizes else ""
                self._messages[words[2]].put((words[1].decode("latin-1"), payload, reply))

    def flush(self):
        """What was written before has been handled by the server."""
        self._write(b"PING\r\n")
        self._pongs.get(timeout=_PATIENCE_SECONDS)

    def subscribe(self, subject):
        """The queue of (subject, payload, reply subject) of what comes."""
        number = str(len(self._messages) + 1)
        messages = self._messages[number.encode()] = queue.Queue()
        self._write(f"SUB {subject} {number}\r\n".encode())
        return messages

    def publish(self, subject, payload, reply="", headers=None):
        if headers is None:
            self._write(f"PUB {subject} {reply} {len(payload)}\r\n".encode() + payload + b"\r\n")
            return
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"NATS/1.0\r\n{lines}\r\n".encode()
        sizes = f"{len(head)} {len(head) + len(payload)}"
        self._write(f"HPUB {subject} {reply} {sizes}\r\n".encode() + head + payload + b"\r\n")

    def request(self, subject, body=b""):
        """The JSON answer of the JetStream API; Failed if it is an error."""
        self._inboxes += 1
        inbox = f"_INBOX.faults{id(self)}.{self._inboxes}"
        answers = self.subscribe(inbox)
        self.publish(subject, body, inbox)
        answer = json.loads(answers.get(timeout=_PATIENCE_SECONDS)[1] or b"{}")
        if "error" in answer:
            raise Failed(f"{subject}: {answer['error']}")
        return answer
