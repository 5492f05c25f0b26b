"""Interleaved rounds and their medians."""

import statistics
import sys
from dataclasses import dataclass, field

_MAX_ATTEMPTS_PER_ROUND = 3


@dataclass
class Sample:
    """What one arm of one round gave: the figures by name, and why they may not be believed."""

    figures: dict
    voids: list = field(default_factory=list)


@dataclass
class Spread:
    """Median, smallest and largest of the believed rounds."""

    median: float
    least: float
    most: float

    @staticmethod
    def of(values):
        return Spread(statistics.median(values), min(values), max(values))


@dataclass
class Rounds:
    """The believed rounds, each a dict of arm -> figures, and the reasons of the dropped ones."""

    kept: list
    dropped: list  # with keep_noisy: reasons of rounds that were kept all the same
    wanted: int
    keep_noisy: bool = False

    def summary(self):
        """How many rounds the figures rest on."""
        if self.keep_noisy:
            return f"{len(self.kept)} rounds, {len(self.dropped)} of them noisy but kept"
        return f"{len(self.kept)} rounds, {len(self.dropped)} dropped"

    def noise(self):
        """Why rounds were dropped, or should have been; the first few."""
        return [f"Noise: {reason}." for reason in self.dropped[:3]]

    def spread(self, value):
        """Of `value(round)`, e.g. a ratio between two arms of the same round."""
        return Spread.of([value(r) for r in self.kept])


def run_rounds(bench, arms):
    """Runs the arms (name -> function giving a Sample) in turn, round after round.

    A round with a void in any arm is dropped as a whole and tried again, up to three times the
    wanted number. With `keep_noisy` nothing is dropped, but the reasons are still reported.
    """
    kept, dropped = [], []
    for _ in range(bench.rounds * _MAX_ATTEMPTS_PER_ROUND):
        if len(kept) == bench.rounds:
            break
        samples = {name: arm() for name, arm in arms.items()}
        voids = [f"{name}: {v}" for name, sample in samples.items() for v in sample.voids]
        dropped += voids[:1]
        noted = {name: sample.figures for name, sample in samples.items()}
        print("  ", noted, voids or "", file=sys.stderr)
        if not voids or bench.keep_noisy:
            kept.append(noted)
    return Rounds(kept, dropped, bench.rounds, bench.keep_noisy)
