#!/usr/bin/env python3
"""Autobahn's WebSocket cases against the edge: `autobahn.py ECHO_SERVER REPORT_FOLDER`.

Starts the server, has kosoku run the cases against it as its client, writes kosoku's report (HTML and
JSON) and `autobahn.md`, a table, and ends with 1 if a case failed. Without kosoku it ends with 77."""

import asyncio
import subprocess
import sys
from pathlib import Path

try:
    import kosoku
    from kosoku import _report
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

# By what the cases are about; 12 and 13 are compression, which the edge does not negotiate.
GROUPS = {
    "1": "text and binary messages, up to 64 KiB, in one piece and in slices",
    "2": "pings and pongs",
    "3": "reserved bits",
    "4": "reserved opcodes",
    "5": "fragments, with control frames between them",
    "6": "UTF-8, judged as it comes",
    "7": "the close handshake, its codes and reasons",
    "9": "messages of up to 16 MiB, whole and in fragments",
    "10": "a large message in fragments of the sender's choice",
    "12": "compression (not offered)",
    "13": "compression with options (not offered)",
}
VERDICTS = ["OK", "NON-STRICT", "INFORMATIONAL", "UNIMPLEMENTED", "FAILED"]
PARALLEL = 2


def run_cases(server, folder):
    process = subprocess.Popen([server], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        port = int(process.stdout.readline())
        url = f"ws://127.0.0.1:{port}/v1/ws?user=autobahn"
        try:
            results = asyncio.run(run_client(url))
        except kosoku.FailureError as failure:
            results = failure.results
        _report.write_reports(results, str(folder))
        return results
    finally:
        process.stdin.close()
        process.wait(timeout=30)


async def run_client(url):
    return await kosoku.run_fuzzingclient(url, concurrency=PARALLEL)


def verdict_of(result):
    """The worse of the two that a case has: of its messages and of its closing."""
    verdicts = [result.behavior.value, result.behavior_close.value]
    known = [VERDICTS.index(one) if one in VERDICTS else len(VERDICTS) - 1 for one in verdicts]
    return VERDICTS[max(known)]


def table_of(results):
    rows = ["| cases | about | " + " | ".join(verdict.lower() for verdict in VERDICTS) + " |",
            "| --- | --- |" + " --- |" * len(VERDICTS)]
    counts = {group: dict.fromkeys(VERDICTS, 0) for group in GROUPS}
    for result in results:
        counts.setdefault(result.case_id.split(".")[0], dict.fromkeys(VERDICTS, 0))[verdict_of(result)] += 1
    for group, count in counts.items():
        if not any(count.values()):
            continue
        figures = " | ".join(str(count[verdict]) for verdict in VERDICTS)
        rows.append(f"| {group}.* | {GROUPS.get(group, '')} | {figures} |")
    total = " | ".join(str(sum(count[verdict] for count in counts.values())) for verdict in VERDICTS)
    rows.append(f"| all | | {total} |")
    return "\n".join(rows) + "\n"


def main():
    server, folder = sys.argv[1], Path(sys.argv[2])
    results = run_cases(server, folder)
    table = table_of(results)
    (folder / "autobahn.md").write_text(table)
    print(table)
    for result in results:
        verdict = verdict_of(result)
        if verdict in ("NON-STRICT", "FAILED"):
            print(f"{verdict} {result.case_id}: {result.result} {result.result_close}")
    failed = [result for result in results if verdict_of(result) == "FAILED"]
    return 1 if failed or not results else 0


if __name__ == "__main__":
    sys.exit(main())
