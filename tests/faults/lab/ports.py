"""Free ports of loopback, below the range from which clients take theirs."""

import random
import socket

_FIRST, _END = 15_000, 32_000
_given = set()


def free_port():
    while True:
        port = random.randrange(_FIRST, _END)
        if port in _given or not _is_free(port):
            continue
        _given.add(port)
        return port


def _is_free(port):
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
