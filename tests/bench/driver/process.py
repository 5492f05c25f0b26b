"""Child processes pinned to cores, and what they cost."""

import json
import os
import resource
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

_TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
_STOP_SECONDS = 20


@dataclass(frozen=True)
class CpuTimes:
    """CPU time of one process in ns, from two independent sources."""

    stat_ns: int  # utime + stime of /proc/<pid>/stat: whole ticks, ended threads included
    schedstat_ns: int  # sum over /proc/<pid>/task/*/schedstat: exact, ended threads lost
    run_delay_ns: int  # waiting for a core
    by_thread: dict  # schedstat_ns by thread name


class Process:
    """A child process; its CPU time, its memory, its lines on stdin and stdout."""

    alive = []  # every running Process, so that a window can tell our CPU time from foreign

    def __init__(self, command, cores, log, environment=None):
        def prepare():
            os.sched_setaffinity(0, cores)
            _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

        self.command = [str(word) for word in command]
        self.child = subprocess.Popen(
            self.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            bufsize=1,
            env={**os.environ, **(environment or {})},
            preexec_fn=prepare,
        )
        self.pid = self.child.pid
        Process.alive.append(self)

    def send(self, line):
        self.child.stdin.write(line + "\n")
        self.child.stdin.flush()

    def receive(self):
        line = self.child.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.command[0]} ended unexpectedly")
        return json.loads(line)

    def ask(self, line):
        self.send(line)
        return self.receive()

    def cpu(self):
        stat = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        on_cpu, delay, by_thread = 0, 0, {}
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            try:
                ran, waited, _ = map(int, (task / "schedstat").read_text().split())
                name = (task / "comm").read_text().strip()
            except OSError:
                continue  # the thread has just ended
            on_cpu += ran
            delay += waited
            by_thread[name] = by_thread.get(name, 0) + ran
        return CpuTimes((int(stat[11]) + int(stat[12])) * _TICK_NS, on_cpu, delay, by_thread)

    def pss_bytes(self):
        for line in Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) << 10
        raise RuntimeError("no Pss in smaps_rollup")

    def stop(self):
        """Ends the process in good order; returns its exit code."""
        if self in Process.alive:
            Process.alive.remove(self)
        self.child.stdin.close()
        self.child.terminate()
        try:
            return self.child.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.child.kill()
            return self.child.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def await_condition(condition, seconds, what):
    """Polls until `condition()` is true; for what cannot be awaited otherwise."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"not within {seconds} s: {what}")
        time.sleep(0.02)
