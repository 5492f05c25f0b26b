"""What publishing costs: unary against an empty gRPC handler, stream and batch against unary."""

import json
import subprocess
from contextlib import ExitStack

from driver.process import Process
from driver.result import Result, judge
from driver.rounds import Sample, run_rounds
from driver.rows.fanout import QUIET
from driver.sluice import Sluice
from driver.tools import Loss
from driver.window import Window

MIN_STREAM, MIN_BATCH = 5.0, 10.0  # times unary
BATCH = 64
FLOORS = ("callback", "raw")  # the empty handler as gRPC's documentation has it, and the cheapest
EMPTY_STREAM = "raw stream"  # what gRPC itself takes of an event of a stream


def measure(bench):
    with ExitStack() as stack:
        sluice = stack.enter_context(
            Sluice(bench.sluice, bench.server_cores, bench.log, settings=QUIET))
        arms = {}
        for api in FLOORS:
            floor = stack.enter_context(Process(
                [bench.tool("grpc_floor_server"), "--api", api, "--threads", 1],
                bench.server_cores, bench.log))
            address = f"127.0.0.1:{floor.receive()['port']}"
            arms[api] = lambda floor=floor, address=address: load_arm(bench, floor, address, "unary")
        arms[EMPTY_STREAM] = lambda: load_arm(bench, floor, address, "stream")  # of the last, `raw`
        for mode in ("unary", "stream", "batch"):
            arms[mode] = lambda mode=mode: load_arm(bench, sluice, sluice.grpc_address, mode)
        rounds = run_rounds(bench, arms)
    return _results(rounds)


def load_arm(bench, server, address, mode):
    command = [str(bench.tool("grpc_load")), "--target", address, "--mode", mode,
               "--batch", str(BATCH), "--seconds", str(bench.seconds), "--pid", str(server.pid)]
    with Window(server) as window:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=bench.log, text=True,
                              check=True, preexec_fn=bench.pin_to_generator_cores)
    report = json.loads(done.stdout)
    if report["errors"]:
        raise Loss(f"{mode}: {report['errors']} errors")
    # A closed loop uses all of the client's core; CPU time of the server is what is compared.
    voids = [reason for reason in window.voids() if "generator" not in reason]
    return Sample({"us_per_event": report["server_cpu_us_per_event"],
                   "per_second": report["events_per_second"],
                   "client_cores": report["client_cores"],
                   "server_cores": report["server_cores"]}, voids)


def _results(rounds):
    rows = (("unary", "unary publish: CPU per call of an empty gRPC handler (callback API) / ours",
             "callback", 1.0),
            ("stream", "PublishStream: CPU per event of unary / of the stream", "unary",
             MIN_STREAM),
            ("batch", f"PublishBatch of {BATCH}: CPU per event of unary / of the batch", "unary",
             MIN_BATCH))
    return [_result(rounds, *row) for row in rows]


def _result(rounds, mode, what, against, least):
    target = f">= {least:.0f} x"
    if not rounds.kept:
        return Result(f"publish.{mode}", what, target, "-", "void", notes=rounds.noise())
    def of(arm, figure):
        return rounds.spread(lambda r: r[arm][figure]).median
    ratio = rounds.spread(lambda r: r[against]["us_per_event"] / r[mode]["us_per_event"])
    return Result(
        f"publish.{mode}", what, target,
        f"{ratio.median:.2f} x ({ratio.least:.2f} to {ratio.most:.2f})",
        judge(-ratio.median, -least, rounds),
        raw=[f"{arm}: {of(arm, 'us_per_event'):.2f} µs of server CPU per event, "
             f"{of(arm, 'per_second'):,.0f} events/s (server at {of(arm, 'server_cores'):.0%}, "
             f"client at {of(arm, 'client_cores'):.0%} of its core)" for arm in _shown(mode, against)]
        + [f"{rounds.summary()}"],
        notes=["A closed loop with 64 events in flight; no session is connected, so the figure is "
               "gRPC, validation, log, tail and ring."] + rounds.noise(),
    )


def _shown(mode, against):
    if against in FLOORS:
        return (*FLOORS, mode)
    return (against, EMPTY_STREAM, mode) if mode == "stream" else (against, mode)
