"""A stream is renewed through any edge, within the rights that deploy/nats/accounts.conf gives."""

import http.client
import json
import os
import subprocess
import unittest

from nats_server import NatsServer
from processes import BUILD, PATIENCE_SECONDS, DeployTest
from sluice import EventStream, Sluice

SECRET = "a secret of at least thirty-two octets"


def token(user, seconds):
    return subprocess.run([BUILD / "sluice", "token", "--user", user, "--expires-in", f"{seconds}s"], check=True,
                          capture_output=True, text=True,
                          env={**os.environ, "SLUICE_AUTH_SECRET": SECRET}).stdout.strip()


def renew(edge, connection_id, a_token):
    connection = http.client.HTTPConnection("127.0.0.1", edge.port, timeout=PATIENCE_SECONDS)
    connection.request("POST", "/v1/token", json.dumps({"connectionId": connection_id}),
                       {"Authorization": f"Bearer {a_token}"})
    answer = connection.getresponse()
    body = json.loads(answer.read())
    connection.close()
    return answer.status, body


class RenewalTest(DeployTest):

    def setUp(self):
        super().setUp()
        self.nats = self.run_until_the_end(NatsServer("ephemeral", self.folder)).await_ready()
        self.owner, self.other = (Sluice(self, "edge", "ephemeral", [self.nats.url], {"auth.secret": SECRET},
                                         f"edge-{n}").await_ready() for n in range(2))

    def begin(self, a_token):
        stream = EventStream(self.owner.port, "", token=a_token)
        self.addCleanup(stream.close)
        return json.loads(stream.next_event()["data"])["connectionId"]

    def test_through_the_edge_that_has_it_and_through_another(self):
        connection_id = self.begin(token("alice", 60))
        for count, edge in enumerate((self.owner, self.other), 1):
            status, body = renew(edge, connection_id, token("alice", 3600))
            self.assertEqual(status, 200, body)
            self.assertGreater(body["expires"], 0)
            self.owner.await_metric("sluice_edge_sessions_renewed_total", count)
        self.assertEqual(renew(self.other, connection_id, token("bob", 3600))[0], 404)
        self.assertNotIn("Violation", self.nats.said())

    def test_an_edge_that_is_gone_renews_nothing(self):
        connection_id = self.begin(token("alice", 60))
        self.owner.stop()
        status, body = renew(self.other, connection_id, token("alice", 3600))
        self.assertEqual((status, body["error"]["code"]), (503, "unavailable"))


if __name__ == "__main__":
    unittest.main()
