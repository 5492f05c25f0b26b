"""Facts about the machine, and what all of its processes together do to a measurement."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path

_TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
_SLABS = ("TCP", "sock_inode_cache", "filp", "dentry", "eventpoll_epi", "eventpoll_pwq")


@dataclass(frozen=True)
class MachineTimes:
    """CPU time of the whole machine since boot, in ns, all cores added up."""

    busy_ns: int
    steal_ns: int

    @staticmethod
    def now():
        fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
        user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, fields[:8])
        return MachineTimes((user + nice + system + irq + softirq) * _TICK_NS, steal * _TICK_NS)


def slab_bytes():
    """Kernel memory in the slabs of which every TCP socket takes objects, both ends counted."""
    total = 0
    for line in Path("/proc/slabinfo").read_text().splitlines()[2:]:
        name, active, _all, size = line.split()[:4]
        if name in _SLABS:
            total += int(active) * int(size)
    return total


def facts():
    model = next(
        line.split(":", 1)[1].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    )
    memory_kib = int(Path("/proc/meminfo").read_text().split()[1])
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "memory_gib": round(memory_kib / (1 << 20), 1),
        "kernel": platform.release(),
        "virtual": "hypervisor" in Path("/proc/cpuinfo").read_text(),
    }
