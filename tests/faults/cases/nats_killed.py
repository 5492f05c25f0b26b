"""kill -9 NATS, the stream in a file: a process that dies loses nothing, no client notices but SockJS
over xhr, which NATS carries."""

from lab import restart
from lab.process import Failed


def run(size):
    figures = restart.run("nats-killed", size, lambda server: server.kill())
    if figures["disconnects"]:
        raise Failed(f"{figures['disconnects']} clients were disconnected")
    return figures
