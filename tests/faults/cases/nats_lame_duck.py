"""NATS leaves by lame duck mode (SIGUSR2) and comes back, the stream in a file: nothing is lost."""

from lab import restart
from lab.process import Failed


def run(size):
    figures = restart.run("nats-lame-duck", size, lambda server: server.lame_duck())
    if figures["disconnects"]:
        raise Failed(f"{figures['disconnects']} clients were disconnected")
    return figures
