"""NATS restarts in good order, the stream in a file: nothing is lost, no client notices but SockJS
over xhr, which NATS carries."""

from lab import restart
from lab.process import Failed


def run(size):
    figures = restart.run("nats-terminated", size, lambda server: server.terminate())
    if figures["disconnects"]:
        raise Failed(f"{figures['disconnects']} clients were disconnected")
    return figures
