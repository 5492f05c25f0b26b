"""What tokens and limits cost: at the handshake, and afterwards nothing."""

import json
import statistics
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path

from driver.process import await_condition
from driver.result import Result, judge
from driver.rounds import Sample, run_rounds
from driver.rows import fanout, memory
from driver.sluice import Sluice
from driver.tools import Load
from driver.window import Window

TARGET_US = 60
MAX_TOKENS = 19_000
SESSIONS = 5_000
OPENINGS = 4  # of all sessions, in one window
LIMITS = {
    "edge.max_sessions_per_user": 4,
    "edge.max_connections_per_address": 20_000,  # all come from one
    "edge.max_accepts_per_second": 100_000,
    "edge.max_topics_per_session": 4,
    "edge.memory_limit": "4GiB",
}


def measure(bench):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([bench.tool("bench_tokens"), "make", folder, str(MAX_TOKENS)], check=True)
        settings = LIMITS | {"auth.public_key_file": Path(folder) / "public.pem"}
        carried = ("--tokens", Path(folder) / "tokens.txt")
        return [
            _handshake(bench, folder, settings, carried),
            fanout.measure_with(bench, "auth.fanout", " with tokens and limits", settings, carried),
            _memory(bench, settings, carried),
        ]


def _handshake(bench, folder, settings, carried):
    with ExitStack() as stack:
        servers = {name: stack.enter_context(Sluice(bench.sluice, bench.server_cores, bench.log,
                                                    settings=fanout.QUIET | own))
                   for name, own in (("tokens", settings), ("users", {}))}
        options = {"tokens": carried, "users": ()}
        rounds = run_rounds(bench, {
            "tokens": lambda: _openings(bench, servers["tokens"], options["tokens"]),
            "users": lambda: _openings(bench, servers["users"], options["users"]),
            "bare": lambda: _bare(bench, folder),
        })
    what = "CPU of an ES256 handshake beyond one with `?user=` and the bare verification of the signature"
    target = f"<= {TARGET_US} µs"
    if not rounds.kept:
        return Result("auth.handshake", what, target, "-", "void", notes=rounds.noise())
    beyond = rounds.spread(lambda r: r["tokens"]["us"] - r["users"]["us"] - r["bare"]["us"])
    us = {name: rounds.spread(lambda r, n=name: r[n]["us"]) for name in ("tokens", "users", "bare")}
    return Result(
        "auth.handshake", what, target,
        f"{beyond.median:.0f} µs ({beyond.least:.0f} to {beyond.most:.0f})",
        judge(beyond.median, TARGET_US, rounds),
        raw=[f"one session opened and closed: {us['tokens'].median:.0f} µs with a token, {us['users'].median:.0f} "
             f"without; the bare verification {us['bare'].median:.0f}",
             f"{rounds.summary()}, of {OPENINGS} x {SESSIONS} sessions each"],
        notes=rounds.noise())


def _openings(bench, sluice, options):
    """Opens and closes all sessions several times; the server's CPU for one."""
    with Load(bench, sluice.http_port, SESSIONS, *options) as load, Window(sluice, [load]) as window:
        for _ in range(OPENINGS):
            load.open()
            load.ask("close")
            await_condition(lambda: sluice.metric("sluice_edge_connections") == 0, 30, "no connection left")
    return Sample({"us": window.cpu_ns / (OPENINGS * SESSIONS) / 1e3}, window.voids())


def _bare(bench, folder):
    done = subprocess.run([bench.tool("bench_tokens"), "verify", folder, str(SESSIONS)], check=True,
                          stdout=subprocess.PIPE, text=True)
    return Sample({"us": json.loads(done.stdout)["cpu_ns"] / 1e3})


def _memory(bench, settings, carried):
    runs = [memory.slope(memory.measure_once(bench, memory.STEPS, settings, carried)["idle"])
            for _ in range(1 if bench.quick else 3)]
    median = statistics.median(runs)
    return Result(
        "auth.memory", "user memory per idle SSE session with tokens and limits, slope over 2 k to 19 k",
        f"<= {memory.TARGET_BYTES:.0f} B", f"{median:.0f} B ({min(runs):.0f} to {max(runs):.0f})",
        judge(median, memory.TARGET_BYTES))
