"""What a row gives back, and how it is kept until the report is written."""

import datetime
import json
from dataclasses import asdict, dataclass, field


@dataclass
class Result:
    """One line of the table. `status`: met, missed, reported (no target), void or failed."""

    row: str
    what: str
    target: str
    measured: str
    status: str
    raw: list = field(default_factory=list)  # lines of figures
    notes: list = field(default_factory=list)


def judge(measured, limit, rounds=None):
    """`met` if at most the limit; `void` if too few rounds could be believed, or noisy ones were kept."""
    if rounds is not None and (len(rounds.kept) < min(rounds.wanted, 2) or
                               (rounds.keep_noisy and rounds.dropped)):
        return "void"
    return "met" if measured <= limit else "missed"


def save(bench, command, load_average, results):
    record = {
        "command": command,
        "version": bench.version(),
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "load_average": load_average,
        "machine": bench.machine,
        "quick": bench.quick,
        "results": [asdict(r) for r in results],
    }
    bench.results.mkdir(parents=True, exist_ok=True)
    name = results[0].row.split(".")[0]
    (bench.results / f"{name}.json").write_text(json.dumps(record, indent=1) + "\n")
