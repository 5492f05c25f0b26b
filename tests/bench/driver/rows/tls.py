"""User memory that TLS adds to an idle session."""

import json
import socket
import ssl
import statistics
import subprocess
import tempfile
from contextlib import ExitStack, closing
from pathlib import Path

from driver.result import Result, judge
from driver.rows.fanout import QUIET
from driver.rows.memory import SETTLE_SECONDS, slope
from driver.sluice import Sluice

TARGET_KIB = 12
STEPS = (500, 1_000, 2_000, 4_000)


def measure(bench):
    with tempfile.TemporaryDirectory() as folder:
        certificate = _make_certificate(Path(folder))
        rounds = 1 if bench.quick else 3
        plain = [slope(_idle(bench, {}, None)) / 1024 for _ in range(rounds)]
        floor = _floor(bench, certificate)
        tls = [slope(_idle(bench, certificate, ssl._create_unverified_context())) / 1024 for _ in range(rounds)]
    median = statistics.median(tls)
    return [Result(
        "tls", f"user memory per idle SSE session over TLS, slope over {STEPS[0]} to {STEPS[-1]}",
        f"<= {TARGET_KIB} KiB", f"{median:.2f} KiB ({min(tls):.2f} to {max(tls):.2f})",
        judge(median, TARGET_KIB),
        raw=[f"the same without TLS: {statistics.median(plain):.2f} KiB",
             f"OpenSSL's own for one connection, without Sluice: {floor / 1024:.2f} KiB"],
        notes=["TLS 1.3, a P-256 certificate; PSS of smaps_rollup 5 s after the last connect; MALLOC_ARENA_MAX=2, one shard."])]


def _make_certificate(folder):
    key, certificate = folder / "key.pem", folder / "cert.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-keyout", key, "-out", certificate, "-days", "1", "-subj", "/CN=localhost"],
                   check=True, stderr=subprocess.DEVNULL)
    return {"edge.tls_cert_file": certificate, "edge.tls_key_file": key}


def _floor(bench, certificate):
    done = subprocess.run([bench.tool("tls_floor"), certificate["edge.tls_cert_file"], certificate["edge.tls_key_file"]],
                          check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)["octets"]


def _idle(bench, settings, context):
    """PSS by idle sessions, as a list of (n, bytes)."""
    points = []
    with ExitStack() as stack:
        sluice = stack.enter_context(Sluice(bench.sluice, bench.server_cores, bench.log,
                                            settings=QUIET | settings, environment={"MALLOC_ARENA_MAX": "2"}))
        online = 0
        for step in STEPS:
            for user in range(online, step):
                stack.enter_context(closing(_open(sluice.http_port, user, context)))
            online = step
            bench.settle(SETTLE_SECONDS)
            points.append((step, sluice.pss_bytes()))
    return points


def _open(port, user, context):
    """A session that has said `connected`."""
    stream = socket.create_connection(("127.0.0.1", port), 10)
    if context is not None:
        stream = context.wrap_socket(stream)
    stream.sendall(f"GET /v1/events?user=u{user} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    seen = b""
    while b'"connected"' not in seen:
        piece = stream.recv(4096)
        if not piece:
            raise RuntimeError(f"session {user} ended: {seen!r}")
        seen += piece
    return stream
