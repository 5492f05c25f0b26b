"""What a check found, and event ids."""

from dataclasses import dataclass, field

MAX_SHOWN = 20


@dataclass
class Findings:
    """Violations by invariant, and figures of what was looked at."""

    violations: list = field(default_factory=list)  # (invariant, text)
    figures: dict = field(default_factory=dict)

    def add(self, invariant, text):
        self.violations.append((invariant, text))

    def count(self, name, number=1):
        self.figures[name] = self.figures.get(name, 0) + number

    def of(self, invariant):
        return [text for found, text in self.violations if found == invariant]

    def __str__(self):
        lines = [f"{invariant}: {text}" for invariant, text in self.violations[:MAX_SHOWN]]
        if len(self.violations) > MAX_SHOWN:
            lines.append(f"... and {len(self.violations) - MAX_SHOWN} more")
        return "\n".join(lines)


def read_id(text):
    """(epoch, sequence) of `<epoch>-<sequence>`, or None."""
    epoch, dash, digits = text.partition("-")
    if not (epoch and dash and digits.isdigit()):
        return None
    return epoch, int(digits)


def write_id(position):
    return "-" if position is None else f"{position[0]}-{position[1]}"


def read_lines(path):
    """The complete lines of a history, split into fields."""
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            if line.endswith("\n"):
                yield line.split()
