"""A proxy in front of NATS that can eat what acknowledges a publish."""

import socket
import threading

from lab.nats_frames import NatsFrames
from lab.ports import free_port


class NatsProxy:
    """Lives as long as the program. Threads of its own per connection, which end with the connections."""

    def __init__(self, server):
        self._server = server
        self._port = free_port()
        self._listener = socket.create_server(("127.0.0.1", self._port))
        self.is_eating = False
        self.eaten = 0
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self):
        return f"nats://127.0.0.1:{self._port}"

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._server.port))
            except OSError:
                return
            threading.Thread(target=_copy, args=(client, server), daemon=True).start()
            threading.Thread(target=self._answer, args=(server, client), daemon=True).start()

    def _answer(self, server, client):
        for _, payload, raw in NatsFrames(lambda: server.recv(1 << 16)):
            if self.is_eating and payload is not None and _is_acknowledgement(payload):
                self.eaten += 1
                continue
            try:
                client.sendall(raw)
            except OSError:
                break
        _shut(client, server)


def _copy(source, sink):
    try:
        while octets := source.recv(1 << 16):
            sink.sendall(octets)
    except OSError:
        pass
    _shut(source, sink)


def _shut(*sockets):
    for one in sockets:
        try:
            one.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def _is_acknowledgement(payload):
    return payload.startswith(b"{") and b'"stream":' in payload and b'"seq":' in payload and \
        b'"type":' not in payload
