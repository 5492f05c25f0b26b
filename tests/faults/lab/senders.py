"""Browsers that send numbered messages to backends and count what was answered: a third each over sluice.v1.json,
STOMP, and STOMP over SockJS."""

import base64
import itertools
import json
import os
import socket
import threading

from lab.process import Failed

_ANSWER_SECONDS = 10  # then it may be stored or not, and is sent again
_JOIN_SECONDS = 60
_NUL = "\0"


class WebSocket:
    """Text messages over a socket. OSError or EOFError: it is over."""

    path, subprotocol = "/v1/ws", None

    def __init__(self, port, user):
        self._socket = socket.create_connection(("127.0.0.1", port), _ANSWER_SECONDS)
        key = base64.b64encode(os.urandom(16)).decode()
        self._socket.sendall((f"GET {self.path}?user={user} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
                              f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
                              + (f"Sec-WebSocket-Protocol: {self.subprotocol}\r\n" if self.subprotocol else "")
                              + "\r\n").encode())
        self._file = self._socket.makefile("rb")
        if b" 101 " not in self._file.readline():
            self.close()
            raise EOFError("refused")
        while self._file.readline().strip():
            pass

    def close(self):
        self._file.close()
        self._socket.close()

    def send(self, text):
        data = text.encode()
        assert len(data) < 126
        self._socket.sendall(bytes((0x81, 0x80 | len(data), 0, 0, 0, 0)) + data)  # masked with nothing

    def receive(self):
        first, size = self._read(2)
        if first != 0x81:
            raise EOFError("no text")
        if size == 126:
            size = int.from_bytes(self._read(2), "big")
        return self._read(size).decode()

    def _read(self, size):
        data = self._file.read(size)
        if len(data) < size:
            raise EOFError("the end")
        return data


class _JsonWebSocket(WebSocket):
    subprotocol = "sluice.v1.json"


class _StompWebSocket(WebSocket):
    subprotocol = "v12.stomp"


class _SockJs(WebSocket):
    """Its messages, over its transport `websocket`."""

    path = "/v1/sockjs/0/s/websocket"

    def __init__(self, port, user):
        super().__init__(port, user)
        self._received = []
        if super().receive() != "o":
            raise EOFError("not open")

    def send(self, text):
        super().send(json.dumps([text]))

    def receive(self):
        while not self._received:
            frame = super().receive()
            if frame[0] == "c":
                raise EOFError(frame)
            self._received += json.loads(frame[1:] or "[]")
        return self._received.pop(0)


class _Json:
    def __init__(self, websocket):
        self._websocket = websocket

    def send(self, number):
        """Whether it was stored, as far as is known."""
        self._websocket.send(json.dumps({"type": "send", "destination": "/app/work.do", "data": str(number),
                                         "ref": number}))
        while True:
            said = json.loads(self._websocket.receive())
            if said.get("ref") == number:
                return said["type"] == "ok"


class _Stomp:
    def __init__(self, websocket):
        self._websocket = websocket
        websocket.send("CONNECT\naccept-version:1.2\n\n" + _NUL)
        if not websocket.receive().startswith("CONNECTED\n"):
            raise EOFError("not connected")

    def send(self, number):
        self._websocket.send(f"SEND\ndestination:/app/work.do\nreceipt:{number}\n\n{number}{_NUL}")
        while True:
            said = self._websocket.receive()
            if said.startswith("ERROR\n"):
                return False
            if said == f"RECEIPT\nreceipt-id:{number}\n\n{_NUL}":
                return True


_WIRES = ((_Json, _JsonWebSocket), (_Stomp, _StompWebSocket), (_Stomp, _SockJs))


class Senders:
    """One thread for each user: sends 1, 2, 3, ..., each until it is answered as stored, at one edge after
    the other. `stored`: by user, the highest that was."""

    def __init__(self, ports, users):
        self._ports = ports
        self.stored = {f"u{n}": 0 for n in range(users)}
        self._is_ending = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(n,), daemon=True) for n in range(users)]
        for thread in self._threads:
            thread.start()

    def total(self):
        return sum(self.stored.values())

    def finish(self):
        """Each ends behind a message that was stored."""
        self._is_ending.set()
        for thread in self._threads:
            thread.join(_JOIN_SECONDS)
            if thread.is_alive():
                raise Failed("a message is not stored after a minute")

    def _run(self, index):
        user = f"u{index}"
        protocol, transport = _WIRES[index % len(_WIRES)]
        edges = itertools.islice(itertools.cycle(self._ports), index // len(_WIRES) % len(self._ports), None)
        number = 1
        for port in edges:
            websocket = None
            try:
                websocket = transport(port, user)
                connection = protocol(websocket)
                while connection.send(number):
                    self.stored[user] = number
                    number += 1
                    if self._is_ending.is_set():
                        return
            except (OSError, EOFError):
                self._is_ending.wait(0.05)  # before the next edge
            finally:
                if websocket:
                    websocket.close()
