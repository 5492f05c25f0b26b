"""The bench's own programs: generator, floor, publisher."""

import json
import subprocess

from driver.process import Process


class Loss(Exception):
    """Something was lost, doubled, reordered or refused: the run is a failure, not a figure."""


_MUST_BE_ZERO = ("failed", "ended", "gaps", "closings", "out_of_order", "malformed", "misdelivered")


def demand_clean(report):
    """Raises Loss unless every session is connected and saw only what it should."""
    wrong = {name: report[name] for name in _MUST_BE_ZERO if report[name]}
    if report["connected"] != report["sessions"]:
        wrong["connected"] = report["connected"]
    if wrong:
        raise Loss(f"generator ({report['kind']}): {wrong} of {report['sessions']} sessions")
    return report


class Load(Process):
    """stream_load. `await_bytes` demands exactly that many octets of events, not one more."""

    def __init__(self, bench, port, sessions, *options):
        command = [bench.tool("stream_load"), "--port", port, "--sessions", sessions, *options]
        super().__init__(command, bench.generator_cores, bench.log)
        self.sessions = sessions

    def open(self, cursor=""):
        return demand_clean(self.ask(f"open {cursor}"))

    def storm(self, octets, cursor):
        report = demand_clean(self.ask(f"storm {octets} {cursor}"))
        return _demand_bytes(report, octets)

    def reset(self):
        return self.ask("reset")

    def await_bytes(self, octets):
        report = demand_clean(self.ask(f"await {octets}"))
        return _demand_bytes(report, octets)

    def await_total(self, events):
        """Where all sessions parse: demands exactly so many events in all."""
        report = demand_clean(self.ask(f"total {events}"))
        if report["events"] != events:
            raise Loss(f"{report['events']} events arrived, {events} were due")
        return report


def _demand_bytes(report, octets):
    if report["bytes"] != octets:
        raise Loss(f"{report['bytes']} octets of events arrived, {octets} were due")
    return report


def demand_same_for_all(report, published):
    """Every parsing session must have seen each of the published events exactly once."""
    expected = (published["stored"], published["id_sum"])
    for end in ("min", "max"):
        seen = (report[f"session_events_{end}"], report[f"session_id_sum_{end}"])
        if seen != expected:
            raise Loss(f"a session saw (events, sum of ids) {seen}, published were {expected}")


class Floor(Process):
    """send_floor: connected sessions and a bare loop of send()."""

    def __init__(self, bench, frame_bytes=256, fault="none"):
        command = [bench.tool("send_floor"), "--frame-bytes", frame_bytes, "--fault", fault]
        super().__init__(command, bench.server_cores, bench.log)
        self.http_port = self.receive()["port"]

    def push(self, line):
        """Runs `fanout ...` or `unicast ...`; Loss if a socket would not take a whole frame."""
        report = self.ask(line)
        if report["short_sends"]:
            raise Loss(f"floor: {report['short_sends']} short sends")
        return report


def publish(bench, address, **options):
    """Runs grpc_pacer to its end; Loss unless every event was stored."""
    command = [str(bench.tool("grpc_pacer")), "--address", address]
    for name, value in options.items():
        command += ["--" + name.replace("_", "-"), str(value)]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=bench.log, text=True, check=True,
        preexec_fn=bench.pin_to_generator_cores,
    )
    report = json.loads(done.stdout)
    if report["failed"] or report["stored"] != report["events"]:
        raise Loss(f"publisher: {report['failed']} of {report['events']} failed: "
                   f"{report['first_error']}")
    return report
