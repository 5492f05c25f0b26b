#!/usr/bin/env python3
"""Compares what an event costs the gateway with what it costs servers that do nothing.

    tests/bench/grpc_compare.py BUILD_DIR [--rounds 5] [--seconds 4] [--in-flight 64] [--threads N]

Each round runs every server once, in turn (docs/adr/0002-grpc-completion-queues.md). Prints the
CPU time of the server process per event, in microseconds: median over the rounds with minimum and
maximum, and the median of the ratios within a round to the raw floor.
"""

import argparse
import json
import os
import pathlib
import signal
import statistics
import subprocess

FLOORS = ("raw", "cq", "callback")


class Server:
    """A server of the bench, from its start to SIGTERM."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE)
        self.port = json.loads(self.process.stdout.readline())["port"]

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def measure(build, server, mode, arguments):
    load = [build / "grpc_load", "--target", f"127.0.0.1:{server.port}", "--mode", mode,
            "--seconds", arguments.seconds, "--warmup", 1, "--in-flight", arguments.in_flight,
            "--channels", arguments.channels, "--pid", server.process.pid]
    result = subprocess.run([str(part) for part in load], stdout=subprocess.PIPE, check=True)
    return json.loads(result.stdout)["server_cpu_us_per_event"]


def run(build, arguments):
    """Microseconds per event by (server, mode), one for each round."""
    threads = ["--threads", str(arguments.threads)]
    servers = {f"floor {api}": [build / "grpc_floor_server", "--api", api, *threads]
               for api in FLOORS}
    servers["gateway"] = [build / "grpc_gateway_server", *threads]
    costs = {}
    for _ in range(arguments.rounds):
        for name, command in servers.items():
            modes = ("unary", "stream", "batch") if name == "gateway" else ("unary", "stream")
            with Server([str(part) for part in command]) as server:
                for mode in modes:
                    cost = measure(build, server, mode, arguments)
                    costs.setdefault((name, mode), []).append(cost)
    return costs


def report(costs):
    print("| server | call | CPU per event, µs | x raw unary floor |")
    print("| --- | --- | --- | --- |")
    floor = costs["floor raw", "unary"]
    for (name, mode), values in costs.items():
        ratios = [value / base for value, base in zip(values, floor)]
        print(f"| {name} | {mode} | {statistics.median(values):.2f} "
              f"({min(values):.2f}-{max(values):.2f}) | {statistics.median(ratios):.2f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=pathlib.Path, help="such as build/release")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--in-flight", type=int, default=64)
    parser.add_argument("--channels", type=int, default=2)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    report(run(arguments.build.resolve() / "tests" / "bench", arguments))


if __name__ == "__main__":
    main()
