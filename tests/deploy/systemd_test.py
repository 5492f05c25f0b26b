"""The systemd units: well-formed, hardened, and with settings that sluice takes."""

import os
import re
import subprocess
import unittest

from processes import BUILD, ROOT, DeployTest, program

UNITS = sorted((ROOT / "deploy/systemd").glob("*.service"))
# Out of 100; 20 is what systemd calls 2.0, "OK".
MAX_EXPOSURE = 20


class SystemdTest(DeployTest):

    def setUp(self):
        super().setUp()
        self.analyze = program("systemd-analyze")
        # Verifying looks for the programs, which are where the build put them.
        self.units = [self.folder / unit.name for unit in UNITS]
        for unit, copy in zip(UNITS, self.units):
            copy.write_text(unit.read_text().replace("/usr/bin/sluice", str(BUILD / "sluice")))

    def run_analyze(self, *arguments):
        return subprocess.run([self.analyze, *map(str, arguments)], capture_output=True, text=True, timeout=60)

    def test_there_is_one_for_each_role(self):
        self.assertEqual([unit.name for unit in UNITS],
                         ["sluice-edge.service", "sluice-gateway.service", "sluice.service"])
        commands = [re.search(r"^ExecStart=(.*)$", unit.read_text(), re.M)[1] for unit in UNITS]
        self.assertEqual(commands, [f"/usr/bin/sluice {role}" for role in ("edge", "gateway", "serve")])

    def test_systemd_understands_every_line(self):
        answer = self.run_analyze("verify", "--man=no", *self.units)
        self.assertEqual((answer.returncode, answer.stdout + answer.stderr), (0, ""))

    def test_little_is_exposed(self):
        for unit in self.units:
            answer = self.run_analyze("security", "--offline=yes", "--no-pager", f"--threshold={MAX_EXPOSURE}",
                                      unit)
            self.assertEqual(answer.returncode, 0, answer.stdout + answer.stderr)

    def test_their_environment_is_made_of_settings(self):
        for unit in UNITS:
            words = " ".join(re.findall(r"^Environment=(.*)$", unit.read_text(), re.M)).split()
            settings = dict(word.split("=", 1) for word in words)
            settings.pop("SLUICE_CONFIG")
            answer = subprocess.run([BUILD / "sluice", "check-config"], capture_output=True, text=True,
                                    env={**os.environ, **settings}, timeout=60)
            self.assertEqual((answer.returncode, answer.stderr), (0, ""), unit.name)


if __name__ == "__main__":
    unittest.main()
