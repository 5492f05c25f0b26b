"""A stream whose settings contradict the configuration: nobody runs on it, and says why in one line."""

import json
import unittest

from nats_client import NatsClient
from nats_server import NatsServer
from processes import DeployTest, await_condition
from sluice import Sluice, publish

STREAM = "SLUICE_DEFAULT_EVENTS"


class NatsRefusalTest(DeployTest):

    def make_stream(self, **changes):
        config = {"name": STREAM, "subjects": ["sluice.default.ev.>"], "retention": "limits", "discard": "old",
                  "storage": "memory", "num_replicas": 1, "max_age": 300 * 10**9, "max_bytes": 256 << 20,
                  "max_msgs": -1, "max_msgs_per_subject": 10_000, "max_consumers": -1, "max_msg_size": -1,
                  "duplicate_window": 120 * 10**9} | changes
        inbox = "sluice.default.inbox.gateway.test.in.1"
        with NatsClient(self.server.port, "gateway") as client:
            client.subscribe(inbox)
            client.publish(f"$JS.API.STREAM.CREATE.{STREAM}", json.dumps(config).encode(), reply=inbox)
            answer = json.loads(client.next_message().data)
        self.assertNotIn("error", answer)

    def assert_refuses(self, role, *reasons):
        process = Sluice(self, role, "ephemeral", [self.server.url])
        self.assertEqual(process.await_end(), 1)
        # Lines of the log are JSON; what is left was said to the person who started it.
        said = [line for line in process.said().splitlines() if not line.startswith("{")]
        self.assertEqual(len(said), 1, said)
        self.assertIn(f"sluice: the stream {STREAM} contradicts the configuration: ", said[0])
        for reason in reasons:
            self.assertIn(reason, said[0])

    def test_gateway_and_edge_end_with_the_settings_that_differ(self):
        self.server = self.run_until_the_end(NatsServer("ephemeral", self.folder)).await_ready()
        self.make_stream(max_age=60 * 10**9, duplicate_window=30 * 10**9, max_msgs_per_subject=5)
        for role in ("gateway", "edge"):
            with self.subTest(role=role):
                self.assert_refuses(role, "max_age is 60s, not 300s",
                                    "max_msgs_per_subject is 5, not 10000",
                                    "duplicate_window is 30s, not 120s")

    def test_a_stream_that_refuses_new_events_is_none(self):
        self.server = self.run_until_the_end(NatsServer("ephemeral", self.folder)).await_ready()
        self.make_stream(discard="new", max_msgs=1000)
        self.assert_refuses("gateway", "discard is new, not old", "max_msgs is 1000, not -1")

    def test_an_event_for_a_stream_that_is_gone_never_waits_for_its_deadline(self):
        profile = self.folder / "anyone"
        profile.mkdir()
        (profile / "nats-server.conf").write_text("jetstream { store_dir: $NATS_STORE }\n")
        self.server = self.run_until_the_end(NatsServer(profile, self.folder)).await_ready()
        gateway = Sluice(self, "gateway", "ephemeral", [self.server.url]).await_ready()
        published = "sluice_gateway_events_published_total"
        with NatsClient(self.server.port) as admin:
            admin.subscribe("deleted")

            for _ in range(10):
                admin.publish(f"$JS.API.STREAM.DELETE.{STREAM}", reply="deleted")
                admin.next_message()
                # Refused at once, unless the gateway has made the stream anew already.
                publish(gateway, "alice", "into nothing")
        self.assertEqual(gateway.metric(published, result="deadline_exceeded"), 0)
        await_condition(lambda: publish(gateway, "alice", "into a new one"), "a publish")


if __name__ == "__main__":
    unittest.main()
