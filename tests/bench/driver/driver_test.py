"""Tests of the driver's arithmetic; the rest is tested by running `run --check`."""

import sys
import unittest
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from driver.result import judge  # noqa: E402
from driver.rounds import Rounds, Sample, Spread, run_rounds  # noqa: E402
from driver.rows.memory import slope  # noqa: E402


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


if __name__ == "__main__":
    unittest.main()
