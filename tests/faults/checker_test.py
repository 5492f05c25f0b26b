"""Made-up histories: a clean one, and one for each way to break an invariant."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from checker import check_lines  # noqa: E402
from invariants.finding import read_lines  # noqa: E402

# Publish 1 to u0, 2 to t0, 3 to u1, 4 to u0; 5 to u0 is stored although its publisher never learned it.
PUBLISHER = """
P 10 1 u0 k-1
A 11 1 1 0 0 e-11 0 900
P 12 2 t0 k-2
A 13 2 1 0 0 e-12 0 900
P 14 3 u1 k-3
A 15 3 1 0 14 - 0 900
A 16 3 2 1 0 e-13 1 900
P 17 4 u0 k-4
A 18 4 1 0 0 e-14 0 900
P 19 5 u0 k-5
A 20 5 1 0 4 - 0 900
"""

# Client 0 follows u0 and t0 and changes the edge once, client 1 follows u1.
SUBSCRIBERS = """
S 1 0 u0 sse
T 1 0 t0
S 1 1 u1 sockjs-xhr
O 2 0 1 0 -
O 2 1 1 1 -
C 3 0 1 e-10 0 u0
C 3 1 1 e-10 0 u1
E 11 0 1 e-11 1 u0
E 13 0 1 e-12 2 t0
E 16 1 1 e-13 3 u1
I 17 0 1 e-13
X 17 0 1 shutdown
D 17 0 1 eof
O 18 0 2 1 e-13
C 18 0 2 e-13 1 u0
E 19 0 2 e-14 4 u0
E 20 0 2 e-15 5 u0
I 30 0 2 e-15
I 30 1 1 e-15
"""

TOPOLOGY = """
B 1 edge1 100
B 1 edge2 101
R 5 edge2 base 1000000 50 10 10
K 17 edge1 15
Z 17 edge1 0
R 40 edge2 end 1010000 61 20 20
Q 41 e-15
K 50 edge2 15
Z 51 edge2 0
"""


def lines(text):
    return [line.split() for line in text.split("\n") if line]


class CheckerTest(unittest.TestCase):
    def check(self, change=None, to=None, **options):
        texts = [PUBLISHER, SUBSCRIBERS, TOPOLOGY]
        if change is not None:
            self.assertEqual(sum(text.count(change) for text in texts), 1, change)
            texts = [text.replace(change, to) for text in texts]
        return check_lines(*map(lines, texts), **options)

    def assert_breaks(self, invariant, change, to, words, **options):
        findings = self.check(change, to, **options)
        self.assertTrue(any(words in text for text in findings.of(invariant)), str(findings))

    def test_a_clean_run_has_no_findings(self):
        findings = self.check(gaps_allowed=())
        self.assertEqual(findings.violations, [])
        self.assertEqual(findings.figures["delivered"], 5)
        self.assertEqual(findings.figures["acknowledged"], 4)
        self.assertEqual(findings.figures["resources_compared"], 1)

    # I1
    def test_an_event_that_was_skipped_is_lost(self):
        self.assert_breaks("I1", "E 11 0 1 e-11 1 u0\n", "", "without 1 events, the first e-11")

    def test_an_event_of_a_topic_that_was_skipped_is_lost(self):
        self.assert_breaks("I1", "E 13 0 1 e-12 2 t0\n", "", "the first e-12")

    def test_an_event_that_an_idle_id_steps_over_is_lost(self):
        self.assert_breaks("I1", "E 16 1 1 e-13 3 u1\n", "", "client 1 went from e-10 to e-15")

    def test_an_event_that_was_missed_between_two_connections_is_lost(self):
        self.assert_breaks("I1", "E 19 0 2 e-14 4 u0\n", "", "the first e-14")

    def test_an_event_that_only_others_saw_is_lost_too(self):
        seen_by_another = "S 1 2 u0 json\nO 2 2 1 0 -\nC 3 2 1 e-14 0 u0\nE 20 2 1 e-15 5 u0\n"
        self.assert_breaks("I1", "E 20 0 2 e-15 5 u0\n", seen_by_another, "client 0 went from e-14 to e-15")

    def test_an_acknowledgement_under_two_ids_of_which_one_is_anothers_is_found(self):
        self.assert_breaks("I1", "0 0 e-14 0 900", "0 0 e-12 0 900", "is the id of publishes 2 and 4")

    def test_a_client_that_does_not_come_back_is_found(self):
        self.assert_breaks("I1", "I 30 1 1 e-15", "I 30 1 1 e-15\nD 31 1 1 eof", "did not come back")

    def test_a_client_that_stays_behind_is_found(self):
        self.assert_breaks("I1", "I 30 1 1 e-15\n", "", "ended at e-13, not at e-15")

    def test_a_cursor_that_is_ignored_in_silence_is_found(self):
        self.assert_breaks("I1", "C 18 0 2 e-13 1 u0", "C 18 0 2 e-13 0 u0", "without a gap")

    def test_a_resumption_at_another_place_is_found(self):
        self.assert_breaks("I1", "C 18 0 2 e-13 1 u0", "C 18 0 2 e-12 1 u0", "was resumed at e-12")

    def test_a_run_in_which_nothing_happened_proves_nothing(self):
        self.assertEqual(len(check_lines([], [], []).of("I1")), 3)

    def test_a_protocol_over_which_nothing_came_proves_nothing(self):
        self.assert_breaks("I1", "E 16 1 1 e-13 3 u1\n", "", "nothing was checked: delivered_sockjs-xhr is 0")

    # gaps
    GAP = ("C 18 0 2 e-13 1 u0\nE 19 0 2 e-14 4 u0",
           "C 18 0 2 e-14 0 u0\nG 18 0 2 e-14 expired e-13 e-14")

    def test_a_gap_accounts_for_what_it_covers(self):
        findings = self.check(*self.GAP)
        self.assertEqual(findings.violations, [])
        self.assertEqual(findings.figures["declared_lost"], 1)

    def test_a_gap_where_none_may_be_is_a_loss(self):
        self.assert_breaks("I1", *self.GAP, "got a gap (expired)", gaps_allowed=("epoch",))

    def test_a_gap_does_not_account_for_what_follows_it(self):
        change, to = self.GAP
        self.assert_breaks("I1", change, to.replace("e-14 expired e-13 e-14", "e-13 expired e-13 e-13"),
                           "the first e-14")

    def test_a_gap_from_another_place_than_the_cursor_is_found(self):
        change, to = self.GAP
        self.assert_breaks("I1", change, to.replace("expired e-13", "expired e-12"), "its gap says e-12")

    def test_a_gap_that_leads_back_is_found(self):
        change, to = self.GAP
        self.assert_breaks("I2", change, to.replace("e-14", "e-12"), "got a gap back")

    def test_a_gap_for_a_new_epoch_needs_a_new_epoch(self):
        change, to = self.GAP
        self.assert_breaks("I2", change, to.replace("expired", "epoch"), "got a gap (epoch)")

    # I2
    def test_an_id_that_falls_is_found(self):
        self.assert_breaks("I2", "E 20 0 2 e-15 5 u0", "E 20 0 2 e-15 5 u0\nE 21 0 2 e-11 1 u0",
                           "got e-11 after e-15")

    def test_an_id_that_is_sent_twice_is_found(self):
        self.assert_breaks("I2", "E 20 0 2 e-15 5 u0", "E 20 0 2 e-15 5 u0\nE 20 0 2 e-15 5 u0",
                           "got e-15 after e-15")

    def test_an_idle_id_that_falls_is_found(self):
        self.assert_breaks("I2", "I 30 0 2 e-15", "I 30 0 2 e-14", "got e-14 after e-15")

    def test_a_new_epoch_without_a_gap_is_found(self):
        self.assert_breaks("I2", "I 30 1 1 e-15", "I 30 1 1 f-15", "went from e-13 to f-15")

    # I3
    def test_an_event_for_another_user_is_found(self):
        self.assert_breaks("I3", "I 30 1 1 e-15", "E 29 1 1 e-15 5 u0\nI 30 1 1 e-15", "got e-15 for u0")

    def test_an_event_of_a_topic_that_is_not_followed_is_found(self):
        self.assert_breaks("I3", "E 16 1 1 e-13", "E 13 1 1 e-12 2 t0\nE 16 1 1 e-13", "got e-12 for t0")

    def test_an_event_whose_data_names_another_publish_is_found(self):
        self.assert_breaks("I3", "E 20 0 2 e-15 5 u0", "E 20 0 2 e-15 3 u0", "which was for u1")

    def test_data_that_nobody_published_is_found(self):
        self.assert_breaks("I3", "I 30 0 2 e-15", "M 29 0 2\nI 30 0 2 e-15", "no publisher sent")

    def test_a_connection_as_another_user_is_found(self):
        self.assert_breaks("I3", "C 3 1 1 e-10 0 u1", "C 3 1 1 e-10 0 u0", "was connected as")

    # I4
    def test_an_event_at_the_presented_id_is_found(self):
        self.assert_breaks("I4", "E 19 0 2 e-14 4 u0", "E 19 0 2 e-12 2 t0\nE 19 0 2 e-14 4 u0",
                           "got e-12 after e-13")

    def test_a_publish_that_is_stored_twice_is_found(self):
        self.assert_breaks("I4", "A 18 4 1 0 0 e-14 0 900", "A 18 4 1 0 0 e-14 0 900\nA 19 4 2 0 0 e-16 0 900",
                           "publish 4 is stored twice")

    def test_a_publish_may_be_stored_twice_where_the_test_says_so(self):
        again = "E 20 0 2 e-15 5 u0\nE 21 0 2 e-16 5 u0"
        findings = self.check("E 20 0 2 e-15 5 u0", again)
        self.assertTrue(findings.of("I4"))
        self.assertEqual(self.check("E 20 0 2 e-15 5 u0", again, doubles_allowed=True).of("I4"), [])

    # I5
    def test_a_process_that_ends_by_itself_is_found(self):
        self.assert_breaks("I5", "K 17 edge1 15\nZ 17 edge1 0", "Z 17 edge1 -11", "edge1 ended by itself")

    def test_a_process_that_does_not_end_cleanly_is_found(self):
        self.assert_breaks("I5", "Z 17 edge1 0", "Z 17 edge1 -6", "and ended with -6")

    def test_a_process_that_ends_again_after_a_restart_is_found(self):
        self.assert_breaks("I5", "K 50 edge2 15\n", "K 50 edge2 15\nZ 51 edge2 0\nB 52 edge2 103\n",
                           "edge2 ended by itself")

    # I6
    def test_memory_that_grows_is_found(self):
        self.assert_breaks("I6", "end 1010000 61 20 20", "end 1090000 61 20 20", "bytes of RSS")

    def test_descriptors_that_are_left_open_are_found(self):
        self.assert_breaks("I6", "end 1010000 61 20 20", "end 1010000 75 20 20", "75 descriptors")


class HistoryTest(unittest.TestCase):
    def test_a_line_that_was_cut_off_is_not_read(self):
        import tempfile

        with tempfile.NamedTemporaryFile("w", suffix=".txt") as history:
            history.write("P 1 1 u0 k\nA 2 1 1 0 0 e-1")
            history.flush()
            self.assertEqual(list(read_lines(history.name)), [["P", "1", "1", "u0", "k"]])


if __name__ == "__main__":
    unittest.main()
