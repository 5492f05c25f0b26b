"""A token that is called back ends its streams on every edge within a second, and opens no other."""

import os
import subprocess
import time
import unittest

from nats_server import NatsServer
from processes import BUILD, PATIENCE_SECONDS, DeployTest, await_condition
from sluice import EventStream, Sluice, connect

SECRET = "a secret of at least thirty-two octets"
# Of events; what is called back is kept for a day.
RETENTION = {"retention.max_age": "1s", "log.idempotency_window": "1s"}


def token(user, token_id):
    return subprocess.run([BUILD / "sluice", "token", "--user", user, "--id", token_id], check=True,
                          capture_output=True, text=True,
                          env={**os.environ, "SLUICE_AUTH_SECRET": SECRET}).stdout.strip()


class RevocationTest(DeployTest):

    def setUp(self):
        super().setUp()
        self.nats = self.run_until_the_end(NatsServer("ephemeral", self.folder)).await_ready()
        self.gateway = Sluice(self, "gateway", "ephemeral", [self.nats.url], RETENTION).await_ready()
        self.edges = [self.edge(f"edge-{n}") for n in range(2)]

    def edge(self, name):
        return Sluice(self, "edge", "ephemeral", [self.nats.url], {"auth.secret": SECRET} | RETENTION,
                      name).await_ready()

    def publish(self, user):
        subprocess.run([BUILD / "sluice", "publish", "--server", f"127.0.0.1:{self.gateway.port}", "--user",
                        user, "x"], check=True, capture_output=True)

    def disconnect(self, *arguments):
        subprocess.run([BUILD / "sluice", "disconnect", "--server", f"127.0.0.1:{self.gateway.port}",
                        *arguments], check=True, timeout=PATIENCE_SECONDS)

    def status(self, edge, a_token):
        stream = EventStream(edge.port, "", token=a_token)
        stream.close()
        return stream.status

    def test_a_token_ends_on_every_edge_and_others_do_not(self):
        revoked, other = token("alice", "t1"), token("alice", "t2")
        ended = [connect(self, edge, "", token=revoked) for edge in self.edges]
        kept = [connect(self, edge, "", token=other) for edge in self.edges]
        started = time.monotonic()
        self.disconnect("--token-id", "t1", "--reason", "a test")
        for stream in ended:
            self.assertEqual(stream.next_event(), {"event": "closing", "data": '{"reason":"revoked"}'})
        print(f"two edges ended their streams {time.monotonic() - started:.3f} s after the command began")
        for edge in self.edges:
            self.assertEqual(self.status(edge, revoked), 401)
            self.assertEqual(self.status(edge, other), 200)
        self.publish("alice")
        for stream in kept:
            self.assertEqual(stream.next_event()["data"], "x")

    def test_a_user_ends_with_all_tokens(self):
        streams = [connect(self, edge, "", token=token("alice", f"t{n}")) for n, edge in enumerate(self.edges)]
        bob = connect(self, self.edges[0], "", token=token("bob", "b"))
        self.disconnect("--user", "alice")
        for stream in streams:
            self.assertEqual(stream.next_event()["event"], "closing")
        self.publish("bob")
        self.assertEqual(bob.next_event()["data"], "x")

    def test_an_edge_that_starts_when_the_events_of_then_are_gone_knows_it(self):
        revoked, other = token("alice", "t1"), token("alice", "t2")
        self.disconnect("--token-id", "t1")
        self.disconnect("--user", "bob")
        self.publish("alice")
        await_condition(lambda: self.nats.stream()["state"]["messages"] == 0, "the end of the retention")
        for edge in self.edges:
            self.assertEqual(edge.stop(), 0)
        later = self.edge("edge-of-later")
        self.assertEqual(self.status(later, revoked), 401)
        self.assertEqual(self.status(later, token("bob", "t3")), 200, "issued after bob's were called back")
        self.assertEqual(self.status(later, other), 200)


if __name__ == "__main__":
    unittest.main()
