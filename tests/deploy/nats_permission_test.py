"""deploy/nats/accounts.conf: what gateways and edges need works, and nothing else does."""

import json
import unittest

from nats_client import NatsClient
from nats_server import NatsServer
from processes import DeployTest, await_condition
from sluice import Sluice, connect, publish

STREAM = "SLUICE_DEFAULT_EVENTS"
REVOCATIONS = "SLUICE_DEFAULT_REVOCATIONS"
INBOX = "SLUICE_DEFAULT_INBOX"
API = "$JS.API"
CONSUMER = json.dumps({"stream_name": STREAM, "config": {
    "name": "mine", "deliver_subject": "sluice.default.inbox.edge.mine.to.1", "ack_policy": "none"}}).encode()


class NatsPermissionTest(DeployTest):

    def setUp(self):
        super().setUp()
        self.server = self.run_until_the_end(NatsServer("ephemeral", self.folder)).await_ready()

    def start_sluice(self):
        gateway = Sluice(self, "gateway", "ephemeral", [self.server.url]).await_ready()
        return gateway, Sluice(self, "edge", "ephemeral", [self.server.url]).await_ready()

    def client(self, user):
        client = NatsClient(self.server.port, user)
        self.addCleanup(client.close)
        return client

    def assert_refused(self, client, verb, subject):
        with self.subTest(verb=verb, subject=subject):
            if verb == "publish":
                client.publish(subject, b"{}")
                expected = f"Permissions Violation for Publish to \"{subject}\""
            else:
                client.subscribe(subject)
                expected = f"Permissions Violation for Subscription to \"{subject}\""
            self.assertEqual([error.lower() for error in client.flush()], [expected.lower()])

    def assert_allowed(self, client, verb, subject, data=b"{}"):
        with self.subTest(verb=verb, subject=subject):
            if verb == "publish":
                client.publish(subject, data)
            else:
                client.subscribe(subject)
            self.assertEqual(client.flush(), [])

    def test_gateway_and_edge_work_within_their_rights(self):
        gateway, edge = self.start_sluice()
        reader = connect(self, edge, "alice")
        # So many that the server asks for flow control, which the edge must be able to answer.
        plain = self.client("gateway")
        count, data = 3_000, b"x" * 8_000
        for _ in range(count):
            plain.publish("sluice.default.ev.u.bob", data)
        plain.flush()
        last = publish(gateway, "alice", "the end")
        self.assertEqual(reader.next_event()["id"], last)
        edge.await_metric("sluice_ingest_tail_sequence", count + 1)
        self.assertEqual(edge.metric("sluice_ingest_tail_restarts_total"), 0)
        self.assertEqual(edge.metric("sluice_ingest_nats_reconnects_total"), 0)
        for process in (gateway, edge):
            self.assertEqual(process.stop(), 0)
        self.assertNotIn("Violation", self.server.said())

    def test_an_edge_may_not_publish_events_nor_end_the_stream(self):
        self.start_sluice()
        edge = self.client("edge")
        for subject in ("sluice.default.ev.u.alice", "sluice.default.ev.t.news",
                        "sluice.default.revoked.u.alice", "sluice.default.revoked.t.t1",
                        f"{API}.STREAM.DELETE.{REVOCATIONS}", f"{API}.STREAM.PURGE.{REVOCATIONS}",
                        f"{API}.STREAM.MSG.DELETE.{REVOCATIONS}",
                        f"{API}.STREAM.DELETE.{STREAM}", f"{API}.STREAM.PURGE.{STREAM}",
                        f"{API}.STREAM.MSG.DELETE.{STREAM}", f"{API}.STREAM.RESTORE.{STREAM}",
                        f"{API}.STREAM.SNAPSHOT.{STREAM}", f"{API}.STREAM.CREATE.OTHER",
                        f"{API}.STREAM.LIST", f"{API}.STREAM.NAMES", f"{API}.INFO",
                        f"{API}.STREAM.MSG.GET.{STREAM}", f"{API}.DIRECT.GET.{STREAM}",
                        f"{API}.CONSUMER.DURABLE.CREATE.{STREAM}.mine", f"{API}.CONSUMER.CREATE.OTHER.mine",
                        f"{API}.CONSUMER.LIST.{STREAM}", f"{API}.CONSUMER.MSG.NEXT.{STREAM}.mine",
                        f"$JS.ACK.{STREAM}.mine.1.1.1.1.1", "$JS.FC.OTHER.x",
                        "sluice.default.inbox.gateway.x.in.ack.0-1", "sluice.default.inbox.edge.x.in.api.1",
                        "sluice.default.peer.x.y", "sluice.other.peer.x",
                        "sluice.default.presence", "sluice.other.edges",
                        "sluice.default.inbox.gateway.x.in.presence",
                        "sluice.default.sockjs.x.y", "sluice.other.sockjs.x",
                        "sluice.other.ev.u.alice", "$SYS.REQ.SERVER.PING", "anything"):
            self.assert_refused(edge, "publish", subject)

    def test_an_edge_may_only_listen_to_its_own_inbox(self):
        edge = self.client("edge")
        for subject in (">", "*", "sluice.>", "sluice.default.>", "sluice.default.ev.>",
                        "sluice.default.ev.u.alice", "sluice.default.inbox.>",
                        "sluice.default.inbox.gateway.x.in.>", "sluice.default.inbox.*.x.in.>",
                        "sluice.default.edges", "sluice.other.presence", "$JS.API.>", "$SYS.>", "_INBOX.>"):
            self.assert_refused(edge, "subscribe", subject)
        self.assert_allowed(edge, "subscribe", "sluice.default.inbox.edge.x.in.>")
        self.assert_allowed(edge, "subscribe", "sluice.default.inbox.edge.x.to.1")
        self.assert_allowed(edge, "subscribe", "sluice.default.sockjs.x")

    def test_a_gateway_may_neither_make_consumers_nor_read(self):
        self.start_sluice()
        gateway = self.client("gateway")
        for subject in (f"{API}.CONSUMER.CREATE.{STREAM}.mine", f"{API}.CONSUMER.CREATE.{STREAM}",
                        f"{API}.CONSUMER.DURABLE.CREATE.{STREAM}.mine",
                        f"{API}.CONSUMER.DELETE.{STREAM}.mine", f"{API}.CONSUMER.MSG.NEXT.{STREAM}.mine",
                        f"{API}.STREAM.MSG.GET.{STREAM}", f"{API}.DIRECT.GET.{STREAM}",
                        f"{API}.STREAM.DELETE.{STREAM}", f"{API}.STREAM.PURGE.{STREAM}",
                        f"{API}.STREAM.MSG.DELETE.{STREAM}", f"$JS.FC.{STREAM}.x",
                        f"{API}.STREAM.DELETE.{REVOCATIONS}", f"{API}.STREAM.PURGE.{REVOCATIONS}",
                        f"{API}.CONSUMER.CREATE.{REVOCATIONS}.mine", "sluice.other.revoked.u.alice",
                        "sluice.default.inbox.edge.x.to.1", "sluice.other.ev.u.alice",
                        "sluice.default.edges", "sluice.other.presence"):
            self.assert_refused(gateway, "publish", subject)
        for subject in (">", "sluice.default.ev.>", "sluice.default.inbox.edge.x.to.1",
                        "sluice.default.inbox.*.x.in.>", "sluice.default.inbox.gateway.>",
                        "sluice.default.presence", "sluice.other.edges"):
            self.assert_refused(gateway, "subscribe", subject)
        self.assert_allowed(gateway, "publish", "sluice.default.ev.u.alice")
        # Nor may it have an answer sent in the name of JetStream.
        gateway.publish("sluice.default.ev.u.alice", reply=f"$JS.ACK.{STREAM}.edge.1.9.9.1.0")
        self.assertIn("Permissions Violation for Publish with Reply", gateway.flush()[0])

    def test_what_an_edge_may_ask_of_its_consumer_is_answered(self):
        self.start_sluice()
        edge = self.client("edge")
        self.assert_allowed(edge, "subscribe", "sluice.default.inbox.edge.mine.to.1")
        self.assert_allowed(edge, "subscribe", "sluice.default.inbox.edge.mine.in.>")
        edge.publish(f"{API}.CONSUMER.CREATE.{STREAM}.mine", CONSUMER,
                     reply="sluice.default.inbox.edge.mine.in.api.1")
        answer = json.loads(edge.next_message().data)
        self.assertEqual(answer.get("name"), "mine", answer)
        edge.publish(f"{API}.CONSUMER.DELETE.{STREAM}.mine", b"",
                     reply="sluice.default.inbox.edge.mine.in.api.2")
        self.assertTrue(json.loads(edge.next_message().data)["success"])

    def ask(self, client, role, subject, request):
        client.publish(subject, json.dumps(request).encode(), reply=f"sluice.default.inbox.{role}.mine.in.1")
        return client.next_message()

    def test_messages_of_browsers_go_from_edge_to_gateway(self):
        edge, gateway = self.client("edge"), self.client("gateway")
        for client, role in ((edge, "edge"), (gateway, "gateway")):
            self.assert_allowed(client, "subscribe", f"sluice.default.inbox.{role}.mine.in.>")
        stream = {"name": INBOX, "subjects": ["sluice.default.in.>"], "retention": "workqueue"}
        self.assertNotIn("error", json.loads(self.ask(edge, "edge", f"{API}.STREAM.CREATE.{INBOX}", stream).data))
        self.assertNotIn("error", json.loads(self.ask(gateway, "gateway", f"{API}.STREAM.INFO.{INBOX}", {}).data))
        consumer = {"stream_name": INBOX, "config": {"durable_name": "group-7", "ack_policy": "explicit"}}
        subject = f"{API}.CONSUMER.DURABLE.CREATE.{INBOX}.group-7"
        self.assertEqual(json.loads(self.ask(gateway, "gateway", subject, consumer).data).get("name"), "group-7")
        self.assertEqual(json.loads(self.ask(edge, "edge", "sluice.default.in.7.chat", "hello").data)["seq"], 1)
        delivery = self.ask(gateway, "gateway", f"{API}.CONSUMER.MSG.NEXT.{INBOX}.group-7", {"batch": 1})
        self.assertEqual(delivery.data, b'"hello"')
        self.assert_allowed(gateway, "publish", delivery.reply, b"+ACK")
        state = json.loads(self.ask(edge, "edge", f"{API}.STREAM.INFO.{INBOX}", {}).data)["state"]
        self.assertEqual(state["messages"], 0)
        subject = f"{API}.CONSUMER.INFO.{INBOX}.group-7"
        self.assertEqual(json.loads(self.ask(gateway, "gateway", subject, {}).data)["num_ack_pending"], 0)
        subject = f"{API}.CONSUMER.DELETE.{INBOX}.group-7"
        self.assertTrue(json.loads(self.ask(gateway, "gateway", subject, {}).data)["success"])

    def test_messages_of_browsers_go_no_other_way(self):
        edge, gateway = self.client("edge"), self.client("gateway")
        for subject in (f"{API}.CONSUMER.DURABLE.CREATE.{INBOX}.mine", f"{API}.CONSUMER.CREATE.{INBOX}.mine",
                        f"{API}.CONSUMER.INFO.{INBOX}.mine",
                        f"{API}.CONSUMER.DELETE.{INBOX}.mine", f"{API}.CONSUMER.MSG.NEXT.{INBOX}.mine",
                        f"$JS.ACK.{INBOX}.mine.1.1.1.1.1", f"{API}.STREAM.DELETE.{INBOX}", f"{API}.STREAM.PURGE.{INBOX}",
                        f"{API}.STREAM.UPDATE.{INBOX}", "sluice.other.in.7.chat"):
            self.assert_refused(edge, "publish", subject)
        for subject in ("sluice.default.in.7.chat", f"{API}.STREAM.DELETE.{INBOX}", f"{API}.STREAM.PURGE.{INBOX}",
                        f"{API}.STREAM.UPDATE.{INBOX}", f"{API}.STREAM.MSG.GET.{INBOX}"):
            self.assert_refused(gateway, "publish", subject)
        for client in (edge, gateway):
            self.assert_refused(client, "subscribe", "sluice.default.in.>")

    def test_each_may_do_what_happens_seldom(self):
        for role in ("gateway", "edge"):
            client = self.client(role)
            self.assert_allowed(client, "publish", f"sluice.default.inbox.{role}.x.in.probe")
            for verb in ("INFO", "CREATE", "UPDATE"):
                self.assert_allowed(client, "publish", f"{API}.STREAM.{verb}.{STREAM}")

    def test_nobody_gets_nothing(self):
        with self.assertRaises(ConnectionError):
            NatsClient(self.server.port)
        await_condition(lambda: "authentication error" in self.server.said(), self.server.said)

    def test_a_wrong_password_is_waited_out_until_the_file_is_corrected(self):
        for role in ("gateway", "edge"):
            with self.subTest(role=role):
                secret = self.folder / f"{role}.password"
                secret.write_text("not this one\n")
                process = Sluice(self, role, "ephemeral", [self.server.url],
                                 {"nats.password": "", "nats.password_file": secret})
                await_condition(lambda: "nats" in process.waiting_for(), "readyz that waits for nats")
                await_condition(lambda: "cannot connect" in process.said(), "a line in the log")
                self.assertTrue(process.is_running)
                secret.write_text({"gateway": "g-password", "edge": "e-password"}[role] + "\n")
                process.await_ready()


if __name__ == "__main__":
    unittest.main()
