"""I5 and I6 from the history of the topology."""

RSS_GROWTH = 1.05
FD_GROWTH = 1.05
SESSION_BYTES = 2 << 10  # more sessions than at the base may take so much each
_NATS = "nats"  # 2.9 ends with 1 after SIGTERM
SPARE_FDS = 8  # connections of the moment: a scrape, a publisher's second channel


def check_ends(lines, findings):
    """Lines B (begun), K (the test's signal), Z (ended, with an exit code; -N: by signal N)."""
    signals = {}
    for kind, _, name, *fields in lines:
        if kind == "B":
            signals[name] = []
            findings.count("processes")
        elif kind == "K":
            signals[name].append(fields[0])
        elif kind == "Z":
            _check_end(name, signals.get(name, []), int(fields[0]), findings)


def _check_end(name, signals, code, findings):
    if not signals:
        findings.add("I5", f"{name} ended by itself with {code}")
    elif code != 0 and "9" not in signals and not name.startswith(_NATS):
        findings.add("I5", f"{name} got the signals {' '.join(signals)} and ended with {code}")


def check_resources(lines, findings):
    """Lines R (name, base or end, RSS in bytes or -, descriptors, sessions, connections)."""
    base = {}
    for kind, _, name, *fields in lines:
        if kind == "B":
            base.pop(name, None)
        if kind != "R":
            continue
        label, resources = fields[0], [0 if field == "-" else int(field) for field in fields[1:]]
        if label == "base":
            base[name] = resources
        elif name in base:
            _compare(name, base[name], resources, findings)


def _compare(name, base, end, findings):
    rss, fds, sessions, connections = base
    more = end[2] - sessions
    findings.count("resources_compared")
    rss_limit = rss * RSS_GROWTH + max(more, 0) * SESSION_BYTES
    if end[0] > rss_limit:
        findings.add("I6", f"{name} has {end[0]} bytes of RSS, it had {rss} (limit {rss_limit:.0f})")
    fds_limit = (fds - connections) * FD_GROWTH + SPARE_FDS
    if end[1] - end[3] > fds_limit:
        findings.add("I6", f"{name} has {end[1]} descriptors with {end[3]} connections, it had {fds} "
                           f"with {connections}")
