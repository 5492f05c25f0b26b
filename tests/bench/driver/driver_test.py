"""Tests of the driver's arithmetic; the rest is tested by running `run --check`."""

import json
import sys
import tempfile
import unittest
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from driver import report  # noqa: E402
from driver.result import judge  # noqa: E402
from driver.rounds import Rounds, Sample, Spread, run_rounds  # noqa: E402
from driver.rows.memory import slope  # noqa: E402
from driver.rows.protocols import compare  # noqa: E402
from driver.tools import Load, Loss  # noqa: E402


class DriverTest(unittest.TestCase):
    def test_a_slope_ignores_what_all_points_have_in_common(self):
        self.assertAlmostEqual(slope([(2_000, 9e6 + 800_000), (5_000, 9e6 + 2_000_000),
                                      (19_000, 9e6 + 7_600_000)]), 400)

    def test_a_spread_is_median_least_and_most(self):
        self.assertEqual(Spread.of([3, 1, 2]), Spread(2, 1, 3))

    def test_a_round_with_a_void_in_one_arm_is_dropped_as_a_whole_and_tried_again(self):
        voids = iter([["steal 2 %"], []] + [[]] * 4)
        arms = {"a": lambda: Sample({"x": 1}, next(voids)), "b": lambda: Sample({"x": 2})}
        rounds = run_rounds(SimpleNamespace(rounds=2, keep_noisy=False), arms)
        self.assertEqual(rounds.kept, [{"a": {"x": 1}, "b": {"x": 2}}] * 2)
        self.assertEqual(rounds.dropped, ["a: steal 2 %"])

    def test_noise_that_does_not_end_gives_up(self):
        arms = {"a": lambda: Sample({}, ["noise"])}
        rounds = run_rounds(SimpleNamespace(rounds=2, keep_noisy=False), arms)
        self.assertEqual((rounds.kept, len(rounds.dropped)), ([], 6))

    def test_a_figure_of_too_few_or_noisy_rounds_is_void(self):
        self.assertEqual(judge(1.0, 2.0), "met")
        self.assertEqual(judge(3.0, 2.0), "missed")
        self.assertEqual(judge(1.0, 2.0, Rounds([{}], [], wanted=5)), "void")
        self.assertEqual(judge(1.0, 2.0, Rounds([{}, {}], ["noise"], 2, keep_noisy=True)), "void")

    def test_a_comparison_is_of_the_same_round_and_judged_if_there_is_a_limit(self):
        rounds = Rounds([{"a": {"us": 3}, "b": {"us": 2}}, {"a": {"us": 10}, "b": {"us": 4}}], [], 2)
        found = [compare(rounds, "row", "what", "a", "b", limit, []) for limit in (1.2, 3, None)]
        self.assertEqual([each.measured for each in found], ["2.00 x (1.50 to 2.50)"] * 3)
        self.assertEqual([(each.target, each.status) for each in found],
                         [("<= 1.2 x", "missed"), ("<= 3 x", "met"), ("-", "reported")])
        self.assertEqual(compare(Rounds([], ["noise"], 2), "row", "what", "a", "b", None, []).status, "void")

    def test_an_event_too_few_or_too_many_is_a_loss(self):
        clean = dict.fromkeys(("failed", "ended", "gaps", "closings", "out_of_order", "malformed", "misdelivered"), 0)
        load = SimpleNamespace(ask=lambda _: {"kind": "total", "sessions": 1, "connected": 1, "events": 5, **clean})
        self.assertEqual(Load.await_total(load, 5)["events"], 5)
        for due in (4, 6):
            with self.assertRaises(Loss):
                Load.await_total(load, due)

    def test_the_page_has_a_place_for_each_row(self):
        rows = {path.stem for path in (Path(report.__file__).parent / "rows").glob("*.py")} - {"__init__"}
        self.assertEqual(set(report.ORDER), rows)

    def test_a_row_that_is_measured_again_leaves_the_others_on_the_page(self):
        def record(row, measured, status):
            return {"command": "c", "version": "v", "date": "d", "load_average": 0.0, "quick": False,
                    "machine": {"cpu": "x", "cores": 2, "virtual": True, "memory_gib": 1, "kernel": "6"},
                    "results": [{"row": row, "what": f"the {row}", "target": "<= 1 x", "measured": measured,
                                 "status": status, "raw": ["raw"], "notes": []}]}

        with tempfile.TemporaryDirectory() as folder:
            page, first, second = (Path(folder) / name for name in ("page.md", "first", "second"))
            for path, records in ((first, [record("fanout", "1 x", "met"), record("slow", "2 x", "missed")]),
                                  (second, [record("slow", "0.5 x", "met")])):
                path.mkdir()
                for each in records:
                    (path / f"{each['results'][0]['row']}.json").write_text(json.dumps(each))
                report.write(path, page)
            text = page.read_text()
            self.assertIn("| the fanout | <= 1 x | 1 x | met |\n| the slow | <= 1 x | 0.5 x | met |\n", text)
            self.assertEqual(text.count("## fanout"), 1)
            self.assertNotIn("2 x", text)
            report.write(second, page)
            self.assertEqual(page.read_text(), text)


if __name__ == "__main__":
    unittest.main()
