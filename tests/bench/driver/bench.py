"""What all rows share: where things are, which cores, how long, how often."""

import os
import resource
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from driver.machine import facts


@dataclass
class Bench:
    build: Path  # of the release preset
    results: Path
    log: IO
    quick: bool = False
    keep_noisy: bool = False
    rounds: int = 5
    seconds: float = 12  # of one window; ticks of 10 ms ask for at least 10
    sessions: int = 10_000
    server_cores: set = field(default_factory=lambda: {0})
    generator_cores: set = field(default_factory=lambda: {os.cpu_count() - 1})
    machine: dict = field(default_factory=facts)

    def __post_init__(self):
        if self.quick:
            self.rounds, self.seconds = min(self.rounds, 2), min(self.seconds, 4)
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.pin_to_generator_cores()

    def pin_to_generator_cores(self):
        os.sched_setaffinity(0, self.generator_cores)

    def tool(self, name):
        return self.build / "tests" / "bench" / name

    @property
    def sluice(self):
        return self.build / "sluice"

    def version(self):
        """What `sluice version` says of the binary under test."""
        done = subprocess.run([self.sluice, "version"], stdout=subprocess.PIPE, text=True, check=True)
        return done.stdout.strip()

    def settle(self, seconds):
        """Lets queues, timers and the allocator come to rest before a reading."""
        time.sleep(min(seconds, 2) if self.quick else seconds)
