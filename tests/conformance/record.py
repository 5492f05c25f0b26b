#!/usr/bin/env python3
"""Puts the last run's figures between the marks of a page: `record.py build/conformance docs/conformance.md`."""

import datetime
import json
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path


def main():
    folder, page = Path(sys.argv[1]), Path(sys.argv[2])
    distributions = metadata.distributions(path=[str(folder / "packages")])
    version = next(one.version for one in distributions if one.name == "kosoku")
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True,
                            check=True).stdout.strip()
    cases = json.loads((folder / "autobahn/index.json").read_text())
    table = (folder / "autobahn/autobahn.md").read_text()
    date = datetime.datetime.now(datetime.timezone.utc).date()
    figures = (f"{date}, on top of commit {commit}, kosoku {version}, "
               f"{sum(map(len, cases.values()))} cases:\n\n{table}")
    text = page.read_text()
    begin, end = "<!-- autobahn -->\n", "<!-- end -->"
    assert begin in text and end in text, f"{page} has no marks"
    page.write_text(re.sub(re.escape(begin) + ".*?" + re.escape(end),
                           lambda _: begin + figures + end, text, flags=re.S))


if __name__ == "__main__":
    main()
