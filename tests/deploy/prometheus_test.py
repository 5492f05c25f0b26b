"""Scrape configuration and alert rules: promtool's judgement, and that they speak of metrics that there are."""

import re
import subprocess
import unittest

from nats_server import NatsServer
from processes import ROOT, DeployTest, http_get, program
from sluice import Sluice

FOLDER = ROOT / "deploy/prometheus"
RULES = (FOLDER / "sluice.rules.yml").read_text()


class PrometheusTest(DeployTest):

    def promtool(self, *arguments):
        answer = subprocess.run([program("promtool"), *arguments], capture_output=True, text=True, cwd=FOLDER,
                                timeout=60)
        self.assertEqual(answer.returncode, 0, answer.stdout + answer.stderr)

    def test_promtool_takes_configuration_and_rules(self):
        self.promtool("check", "config", "prometheus.yml")
        self.promtool("check", "rules", "--lint-fatal", "sluice.rules.yml")

    def test_each_alert_fires_when_it_should(self):
        self.promtool("test", "rules", "sluice.rules_test.yml")

    def test_each_alert_has_a_case_and_a_section_of_the_operations_page(self):
        alerts = re.findall(r"- alert: (\w+)", RULES)
        cases = (FOLDER / "sluice.rules_test.yml").read_text()
        page = (ROOT / "docs/operations.md").read_text()
        sections = {line.strip("# ").lower() for line in page.splitlines() if line.startswith("#")}
        self.assertGreater(len(alerts), 8)
        for alert in alerts:
            self.assertRegex(cases, rf"alertname: {alert}\n        eval_time: \w+\n        exp_alerts:\n")
            self.assertIn(f"docs/operations.md#{alert.lower()}\n", RULES)
            self.assertIn(alert.lower(), sections)

    def test_rules_and_operations_page_name_the_metrics_that_there_are(self):
        nats = self.run_until_the_end(NatsServer("ephemeral", self.folder)).await_ready()
        exposed = {"up"}
        for role in ("gateway", "edge"):
            process = Sluice(self, role, "ephemeral", [nats.url]).await_ready()
            exposed |= set(re.findall(r"^# TYPE (\w+)", http_get(process.admin_port, "/metrics")[1], re.M))
        expressions = " ".join(re.findall(r"expr: (.*?)\n        (?:for|labels)", RULES, re.S))
        used = {re.sub(r"_bucket$", "", name) for name in re.findall(r"\b(?:sluice|process)_\w+", expressions)}
        self.assertLessEqual(used, exposed)
        page = (ROOT / "docs/operations.md").read_text()
        described = set(re.findall(r"`((?:sluice|process)_\w+)", page))
        self.assertEqual({name for name in exposed if name.startswith("sluice_")} - described, set())


if __name__ == "__main__":
    unittest.main()
