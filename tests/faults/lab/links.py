"""Links between processes that can be cut in one direction, in a network namespace of our own.

Every client of NATS dials an address of loopback of its own (127.0.1.1, 127.0.1.2, ...), and every member of
a cluster of NATS servers its peers (127.0.2.1, ...), so a rule on the address is a rule on that one link.
Nothing outside the namespace is touched."""

import os
import shutil
import subprocess
import sys

from lab.process import Skipped

_INSIDE = "FAULTS_INSIDE_NAMESPACE"  # SLUICE_ is for settings
_TABLE = ("inet", "faults")


def is_inside():
    return os.environ.get(_INSIDE) == "1"


def enter():
    """Runs this program anew in a namespace of its own, unless it is in one; Skipped if it may not."""
    if is_inside():
        return
    for program in ("unshare", "ip", "nft"):
        if shutil.which(program) is None:
            raise Skipped(f"cutting links needs {program}, which is not installed")
    unshare = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--net"]
    probe = subprocess.run([*unshare, "sh", "-c", f"ip link set lo up && nft add table {' '.join(_TABLE)}"],
                           capture_output=True, text=True, check=False)
    if probe.returncode != 0:
        raise Skipped(f"no right to make a network namespace with nftables: {probe.stderr.strip()}")
    os.environ[_INSIDE] = "1"
    script = 'ip link set lo up && exec "$@"'
    sys.stdout.flush()
    os.execvp(unshare[0], [*unshare, "sh", "-c", script, "sh", sys.executable, *sys.argv])


class Links:
    """The links to NATS at `nats_port`, by the name of the client, and of a cluster. Needs `enter`."""

    def __init__(self, nats_port):
        if not is_inside():
            raise RuntimeError("links can be cut only inside a namespace")
        self._nats_port = nats_port
        self._addresses = {}
        _nft("add", "table", *_TABLE)
        _nft("add", "chain", *_TABLE, "cuts", "{ type filter hook output priority 0 ; }")

    def url(self, name):
        address = self._addresses.setdefault(name, f"127.0.1.{len(self._addresses) + 1}")
        return f"nats://{address}:{self._nats_port}"

    def cut(self, name, direction):
        """`direction`: `to` or `from` NATS; packets of that direction vanish from now on."""
        address = self._addresses[name]
        end = ("daddr", address, "tcp", "dport") if direction == "to" else ("saddr", address, "tcp",
                                                                            "sport")
        _nft("add", "rule", *_TABLE, "cuts", "ip", *end, self._nats_port, "counter", "drop")

    def isolate(self, server):
        """A NATS server and its peers no longer hear of each other; its clients and it do."""
        _nft("add", "rule", *_TABLE, "cuts", "ip", "daddr", server.route_address, "counter", "drop")
        _nft("add", "rule", *_TABLE, "cuts", "ip", "saddr", server.route_address, "counter", "drop")
        for end in ("dport", "sport"):
            _nft("add", "rule", *_TABLE, "cuts", "tcp", end, server.route_port, "counter", "drop")

    def heal(self):
        _nft("flush", "chain", *_TABLE, "cuts")


def _nft(*words):
    subprocess.run(["nft", *map(str, words)], check=True)
