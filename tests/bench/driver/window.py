"""One measured stretch of time, and whether it may be believed."""

import resource
import time

from driver.machine import MachineTimes
from driver.process import Process

MAX_STEAL = 0.01  # of the machine
MAX_FOREIGN = 0.04  # of the machine: CPU time of processes that are not ours
MAX_GENERATOR_BUSY = 0.80  # of its core
MAX_CLOCK_ERROR = 0.05  # between stat and schedstat, beyond two ticks


def _own_cpu_ns():
    self_usage = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)  # those already waited for
    seconds = sum(u.ru_utime + u.ru_stime for u in (self_usage, children))
    return int(seconds * 1e9) + sum(p.cpu().schedstat_ns for p in Process.alive)


class Window:
    """`with Window(server) as window: ...` measures the server's CPU time over the block.

    `generators`: processes that share the generator's core; a publisher that has ended counts too.
    """

    def __init__(self, server, generators=()):
        self.server = server
        self.generators = list(generators)

    def __enter__(self):
        self._machine = MachineTimes.now()
        self._own_ns = _own_cpu_ns()
        self._generators_ns = self._generator_cpu_ns()
        self._cpu = self.server.cpu()
        self._start = time.monotonic_ns()
        return self

    def __exit__(self, *_):
        cpu = self.server.cpu()
        self.wall_ns = time.monotonic_ns() - self._start
        self.cpu_ns = cpu.schedstat_ns - self._cpu.schedstat_ns
        self.stat_ns = cpu.stat_ns - self._cpu.stat_ns
        self.run_delay_ns = cpu.run_delay_ns - self._cpu.run_delay_ns
        self.by_thread = {
            name: ns - self._cpu.by_thread.get(name, 0) for name, ns in cpu.by_thread.items()
        }
        self.generator_busy = (self._generator_cpu_ns() - self._generators_ns) / self.wall_ns
        machine = MachineTimes.now()
        own_ns = _own_cpu_ns() - self._own_ns
        capacity_ns = self.wall_ns * _cores()
        self.steal = (machine.steal_ns - self._machine.steal_ns) / capacity_ns
        self.foreign = max(0, machine.busy_ns - self._machine.busy_ns - own_ns) / capacity_ns

    def _generator_cpu_ns(self):
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        ended_ns = int((children.ru_utime + children.ru_stime) * 1e9)
        return ended_ns + sum(p.cpu().schedstat_ns for p in self.generators)

    def voids(self, max_generator_busy=MAX_GENERATOR_BUSY):
        """Why this window may not be believed; empty if it may."""
        reasons = []
        if self.steal > MAX_STEAL:
            reasons.append(f"steal {self.steal:.1%}")
        if self.foreign > MAX_FOREIGN:
            reasons.append(f"other processes took {self.foreign:.1%} of the machine")
        if self.generator_busy > max_generator_busy:
            reasons.append(f"generator at {self.generator_busy:.0%} of its core")
        tick_error_ns = abs(self.stat_ns - self.cpu_ns) - 20_000_000
        if tick_error_ns > MAX_CLOCK_ERROR * self.cpu_ns:
            reasons.append(
                f"stat says {self.stat_ns / 1e6:.0f} ms, schedstat {self.cpu_ns / 1e6:.0f} ms"
            )
        return reasons


def _cores():
    from os import cpu_count

    return cpu_count()
