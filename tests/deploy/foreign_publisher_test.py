"""Events from plain NATS clients arrive like any other; what is none is counted and never stops the tail."""

import re
import unittest

from nats_client import NatsClient
from nats_server import NatsServer
from processes import ROOT, DeployTest
from sluice import Sluice, connect, publish

ALICE = "sluice.default.ev.u.alice"
BOB = "sluice.default.ev.u.bob"
NEWS = "sluice.default.ev.t.news"
MALFORMED = "sluice_ingest_malformed_messages_total"


class ForeignPublisherTest(DeployTest):

    def setUp(self):
        super().setUp()
        self.server = self.run_until_the_end(NatsServer("ephemeral", self.folder)).await_ready()
        self.gateway = Sluice(self, "gateway", "ephemeral", [self.server.url]).await_ready()
        self.edge = Sluice(self, "edge", "ephemeral", [self.server.url]).await_ready()
        self.nats = NatsClient(self.server.port, "gateway")
        self.addCleanup(self.nats.close)
        self.stream = connect(self, self.edge, "alice", topics=["news"])

    def assert_next(self, data, event=None):
        found = self.stream.next_event()
        self.assertEqual((found["data"], found.get("event")), (data, event))

    def assert_all_is_well(self):
        """The tail goes on, in order, without having begun again."""
        event_id = publish(self.gateway, "alice", "still here")
        self.assertEqual(self.stream.next_event(), {"id": event_id, "event": "note", "data": "still here"})
        self.assertEqual(self.edge.metric("sluice_ingest_tail_restarts_total"), 0)
        self.assertEqual(self.edge.metric("sluice_ingest_nats_reconnects_total"), 0)
        self.assertEqual(self.edge.metric("sluice_ingest_holes_total"), 0)

    def assert_skipped(self, fault, messages):
        for subject, data, headers in messages:
            self.nats.publish(subject, data, headers)
        self.assertEqual(self.nats.flush(), [])
        self.assert_all_is_well()
        for name in ("subject", "type", "data"):
            self.assertEqual(self.edge.metric(MALFORMED, fault=name), len(messages) if name == fault else 0)

    def test_an_event_needs_no_headers(self):
        self.nats.publish(ALICE, b"plain")
        self.assert_next("plain")
        self.nats.publish(NEWS, "für alle".encode())
        self.assert_next("für alle")
        self.nats.publish(ALICE, b"")
        self.assert_next("")
        self.assert_all_is_well()

    def test_headers_name_type_and_key(self):
        headers = [("Sluice-Type", "order-update"), ("Nats-Msg-Id", "u.alice.7"),
                   ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")]
        self.nats.publish(ALICE, b"once", headers)
        self.nats.publish(ALICE, b"once", headers)
        self.nats.publish(ALICE, b"token", [("Sluice-Type-Token", "=20two=20words")])
        self.assert_next("once", "order-update")
        self.assert_next("token", " two words")
        self.assert_all_is_well()

    def test_a_name_of_any_octets_is_one_token(self):
        reader = connect(self, self.edge, "a.b *>ü")
        self.nats.publish("sluice.default.ev.u.a=2Eb=20=2A=3E=C3=BC", b"hers")
        self.assertEqual(reader.next_event()["data"], "hers")
        self.assert_all_is_well()

    def test_the_tokens_of_the_protocol_page_reach_whom_they_name(self):
        section = (ROOT / "docs/protocol.md").read_text().split("| name | token |")[1].split("\n\n")[0]
        rows = re.findall(r"^\| `(.+)` \| `(.+)` \|$", section, re.M)
        self.assertEqual(len(rows), 6)
        for name, token in rows:
            with self.subTest(name=name):
                reader = connect(self, self.edge, name)
                self.nats.publish(f"sluice.default.ev.u.{token}", name.encode())
                self.assertEqual(reader.next_event()["data"], name)

    def test_subjects_that_name_nobody_are_skipped(self):
        prefix = "sluice.default.ev."
        longest = "=C3=BC" * 128
        self.assert_skipped("subject", [(prefix + end, b"{}", None) for end in (
            "u.=ZZ", "u.=2e", "u.=41lice", "u.alice=", "u.alice=2", "u.al+ice", "u.alice.more", "u.a.b.c", "u",
            "t", "x.alice", "U.alice", "users.alice", "u.=00", "u.=0D=0A", "u.=FF", "u." + longest + "x")])

    def test_types_that_no_stream_may_carry_are_skipped(self):
        self.assert_skipped("type", [(ALICE, b"{}", headers) for headers in (
            [("Sluice-Type", "connected")], [("Sluice-Type", "gap")], [("Sluice-Type", "closing")],
            [("Sluice-Type", "x" * 65)], [("Sluice-Type-Token", "a=0Db")], [("Sluice-Type-Token", "a=0Ab")],
            [("Sluice-Type-Token", "a=00")], [("Sluice-Type-Token", "gap")], [("Sluice-Type-Token", "a b")],
            [("Sluice-Type-Token", "=FF")], [("Sluice-Type", "fine"), ("Sluice-Type", "gap")])])

    def test_bodies_that_are_not_text_are_skipped(self):
        self.assert_skipped("data", [(ALICE, data, None) for data in (
            b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"cut \xe2\x82", b"\x00\xfe" * 4096)])

    def test_line_ends_within_a_header_do_not_reach_the_browser(self):
        for octets in (b"Sluice-Type: a\rid: 1\r\n", b"Sluice-Type: a\nid: 1\r\n",
                       b"Sluice-Type: a\r\n b\r\n", b"Sluice-Type: a\x00b\r\n"):
            self.nats.publish(ALICE, b"folded", octets)
        self.nats.publish(ALICE, b"end")
        events = []
        while not events or events[-1]["data"] != "end":
            events.append(self.stream.next_event())
        for event in events:
            self.assertEqual(set(event) - {"event"}, {"id", "data"})
            self.assertNotEqual(event["id"], "1")
        self.assert_all_is_well()

    def test_headers_that_cannot_be_read_do_no_harm(self):
        for octets in (b"no colon\r\n", b": no name\r\n", b"\r\n", b"\xff\xfe: \x80\r\n",
                       b"Sluice-Type : spaced\r\n", b"a: b\n\n", b"x: y" * 2000 + b"\r\n",
                       b"".join(b"n%d: v\r\n" % i for i in range(2000))):
            self.nats.publish(ALICE, b"odd", octets)
        # The version's line with a status, as the server itself says it.
        for status in ("100 Idle Heartbeat", "100 FlowControl Request", "409 Consumer Deleted"):
            self.nats.publish_status(ALICE, status)
        self.nats.publish(ALICE, b"end")
        while self.stream.next_event()["data"] != "end":
            pass
        self.assert_all_is_well()

    def test_what_looks_like_the_answer_that_nobody_listens_stops_nobody(self):
        # Skipped, or delivered as the empty event that it is: newer servers change its headers.
        for _ in range(3):
            self.nats.publish_status(ALICE, "503")
        self.nats.publish(ALICE, b"end")
        self.assertEqual(self.nats.flush(), [])
        delivered = 0
        while (data := self.stream.next_event()["data"]) != "end":
            self.assertEqual(data, "")
            delivered += 1
        self.assertEqual(self.edge.metric(MALFORMED, fault="data") + delivered, 3)
        self.assert_all_is_well()
        # At the end of the log too, for an edge that has everything yet to read.
        self.nats.publish_status(BOB, "503")
        self.assertEqual(self.nats.flush(), [])
        late = Sluice(self, "edge", "ephemeral", [self.server.url], name="late").await_ready()
        self.assertEqual(late.metric("sluice_ingest_tail_restarts_total"), 0)
        self.assert_all_is_well()

    def test_a_time_that_cannot_be_is_not_believed(self):
        for time in ("0", "-1", "1", "9223372036854775807", "9223372036854775808", "99999999999999999999999",
                     "1e30", "soon", "", "0x10", "1 2"):
            self.nats.publish(ALICE, time.encode(), [("Sluice-Time", time)])
            self.assert_next(time)
        self.assert_all_is_well()

    def test_forged_headers_of_the_server_change_nothing(self):
        forged = [("Nats-Sequence", "1"), ("Nats-Stream", "OTHER"), ("Nats-Time-Stamp", "x"),
                  ("Nats-Last-Consumer", "99"), ("Nats-Consumer-Stalled", "sluice.default.ev.u.bob"),
                  ("Nats-Pending-Messages", "7"), ("Status", "100"), ("Description", "FlowControl Request")]
        for header in forged:
            self.nats.publish(ALICE, header[0].encode(), [header])
            self.assert_next(header[0])
        self.nats.publish(ALICE, b"all", forged, reply="somebody.listens.maybe")
        self.assert_next("all")
        # The server itself refuses these: nothing is stored.
        for header in (("Nats-Expected-Last-Sequence", "999"), ("Nats-Expected-Stream", "OTHER"),
                       ("Nats-Rollup", "all")):
            self.nats.publish(ALICE, b"refused", [header])
        self.assert_all_is_well()

    def test_a_body_above_our_limit_arrives_whole(self):
        for size in (64 << 10, (64 << 10) + 1, 300_000, self.nats.info["max_payload"]):
            self.nats.publish(ALICE, b"x" * size)
            self.assertEqual(len(self.stream.next_event()["data"]), size)
        self.assert_all_is_well()


if __name__ == "__main__":
    unittest.main()
