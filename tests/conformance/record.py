#!/usr/bin/env python3
"""Puts what a run found between the marks of a page: `record.py autobahn|Spring|RabbitMQ|sockjs build/conformance docs/conformance.md`."""

import datetime
import json
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path


def autobahn(folder):
    distributions = metadata.distributions(path=[str(folder / "packages")])
    version = next(one.version for one in distributions if one.name == "kosoku")
    cases = json.loads((folder / "autobahn/index.json").read_text())
    table = (folder / "autobahn/autobahn.md").read_text()
    return f"kosoku {version}, {sum(map(len, cases.values()))} cases:\n\n{table}"


def main():
    name, folder, page = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    found = autobahn(folder) if name == "autobahn" else (folder / f"{name}.md").read_text()
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True,
                            check=True).stdout.strip()
    date = datetime.datetime.now(datetime.timezone.utc).date()
    text = page.read_text()
    begin, end = f"<!-- {name} -->\n", "<!-- end -->"
    assert begin in text and end in text, f"{page} has no marks of {name}"
    page.write_text(re.sub(re.escape(begin) + ".*?" + re.escape(end),
                           lambda _: f"{begin}{date}, on top of commit {commit}, {found}{end}", text, flags=re.S))


if __name__ == "__main__":
    main()
