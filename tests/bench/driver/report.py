"""docs/performance.md from the results of the last run of each row."""

import json
import re

ORDER = ("fanout", "unicast", "burst", "memory", "idle", "latency", "publish", "reconnect", "slow", "attack",
         "protocols", "websocket", "sockjs", "auth", "tls", "nats", "peers")
_INTRO = """\
# Performance

Written by `./dev bench`; each row says when and with which command it was measured. How to read it:

- A ratio is measured in one run against a floor of the bench's own, in rounds that alternate (A B A B), server pinned to
  one core and generator to another; it is the median of the ratios of paired rounds, with the smallest and the largest.
- CPU time is the server process's (schedstat, checked against `stat`), never wall time. A round is dropped when more than
  1 % of the machine was stolen, other processes took more than 4 %, or the generator used more than 80 % of its core.
- Every run counts: all octets of all events must have arrived, no more and no fewer; a share of the sessions is parsed
  in full (ids, order, addressee). A run with a loss is a failure, not a figure.
- All of it is loopback: 64 KB MTU, no network card, and `send()` runs the receiver's TCP input on the sender's account.
  Two virtual cores carry server, publisher and generator; times (ms) are of this machine, ratios travel better.
"""

_HEARTBEAT_IS_A_WRITE = (
    "A heartbeat is one write to a socket that has been silent for 15 s. The floor of the fan-out row says what a bare "
    "`send()` to such a socket costs here; divided by 15 s that alone is above the target.")

_ATTACKERS_COST = (
    "The attackers' connections (200 new ones a second, and what each of 1,300 sends) take CPU of the one core that also "
    "delivers (below), and a fan-out to all sessions takes so much longer. `edge.max_connections_per_address` and "
    "`edge.max_accepts_per_second`, which would refuse them, are off: all come from one address here.")

# Why a row misses its target on the machine that the page is from; printed only while it does.
_WHY_MISSED = {
    "idle": _HEARTBEAT_IS_A_WRITE,
    "websocket.idle": _HEARTBEAT_IS_A_WRITE,
    "tls": "OpenSSL 3.0 keeps more than the target for each connection whoever uses it (below): 7.6 kB of it are its `SSL`, 2.3 kB the two "
           "AES-GCM contexts, 0.9 kB the session.",
    "attack.heads that never end": _ATTACKERS_COST,
    "attack.bodies that never end": _ATTACKERS_COST,
    "attack.answers that are hardly read": _ATTACKERS_COST,
    "latency.unary": "10,000 unary calls a second keep both cores busy (below): the tail is the wait for a core, first of all the "
                     "publisher's. The same events over a stream are far below the target.",
    "nats.unicast": "The edge also reads the log from NATS: its tail, mostly nats.c, takes more of the CPU (below) than the row is above "
                    "the target. What the shards do is the same as with the log in memory.",
    "publish.unary": "Beside what an empty handler does, the gateway reads and checks the request and stores and announces the "
                     "event: the difference to the raw handler, which is less than the callback API's own cost on top of it "
                     "varies.",
    "publish.stream": "An empty handler on a raw stream (below) costs more than ours, which lets answers leave together. What is left "
                      "is gRPC's reading of one message at a time; PublishBatch is for whoever needs more.",
}


_SECTION = re.compile(r"^## (\w+)\n.*?(?=^## |\Z)", re.M | re.S)
_FIGURE = re.compile(r"^- (.*): \*\*(.*)\*\* \(target (.*); (\w+)\)$", re.M)


def write(results_folder, path):
    """Rows without results in the folder stay as the page has them."""
    sections = {match[1]: match[0].rstrip() for match in _SECTION.finditer(path.read_text())} if path.exists() else {}
    for row in ORDER:
        if (results_folder / f"{row}.json").exists():
            sections[row] = "\n".join(_section(json.loads((results_folder / f"{row}.json").read_text()))).rstrip()
    texts = [sections[row] for row in ORDER if row in sections]
    lines = [_INTRO, "| what | target | measured | |", "| --- | --- | --- | --- |"]
    for text in texts:
        for what, measured, target, status in _FIGURE.findall(text):
            lines.append(f"| {what} | {target} | {measured} | {_mark(status)} |")
    lines += ["", "Void: too few rounds could be believed. Failed: something was lost.", ""]
    path.write_text("\n".join(lines) + "\n" + "\n\n".join(texts) + "\n")


def _mark(status):
    return {"missed": "**missed**", "failed": "**failed**"}.get(status, status)


def _section(record):
    machine = record["machine"]
    row = record["results"][0]["row"].split(".")[0]
    lines = [
        f"## {row}", "",
        f"`{record['command']}`, {record['version']}, {record['date']}; {machine['cpu']}, {machine['cores']} "
        f"{'virtual ' if machine['virtual'] else ''}cores, {machine['memory_gib']} GiB, Linux "
        f"{machine['kernel']}; load average before the run {record['load_average']:.1f}"
        + ("; **quick run, short windows**" if record["quick"] else "") + ".", "",
    ]
    for result in record["results"]:
        lines.append(f"- {result['what']}: **{result['measured']}** "
                     f"(target {result['target']}; {result['status']})")
        why = next((why for row, why in _WHY_MISSED.items() if f"{result['row']}.".startswith(f"{row}.")), None)
        if result["status"] == "missed" and why is not None:
            lines.append(f"  - why: {why}")
        lines += [f"  - {line}" for line in result["raw"]]
    notes = [note for result in record["results"] for note in result["notes"]]
    if notes:
        lines += ["", *dict.fromkeys(notes)]
    return [*lines, ""]
