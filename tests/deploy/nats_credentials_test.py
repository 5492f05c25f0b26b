"""nats.credentials_file: a user's JWT and seed instead of a password."""

import unittest

from credentials import CredentialsRealm, rights
from nats_server import NatsServer
from processes import DeployTest, await_condition
from sluice import Sluice, connect, publish


class NatsCredentialsTest(DeployTest):

    def setUp(self):
        super().setUp()
        self.realm = CredentialsRealm(self.folder)
        self.server = self.run_until_the_end(NatsServer(self.realm.profile, self.folder)).await_ready()

    def start(self, role, credentials):
        return Sluice(self, role, "ephemeral", [self.server.url],
                      {"nats.user": "", "nats.password": "", "nats.credentials_file": credentials})

    def test_gateway_and_edge_work_with_the_rights_of_accounts_conf(self):
        self.assertIn("sluice.default.ev.>", rights("gateway")[0])
        gateway, edge = (self.start(role, self.realm.credentials_file(role)) for role in ("gateway", "edge"))
        gateway.await_ready()
        stream = connect(self, edge.await_ready(), "alice")
        event_id = publish(gateway, "alice", "signed")
        self.assertEqual(stream.next_event()["id"], event_id)
        self.assertNotIn("Violation", self.server.said())

    def test_credentials_that_nobody_signed_are_waited_out(self):
        path = self.realm.credentials_file("edge")
        good = path.read_text()
        other = self.folder / "other"
        other.mkdir()
        path.write_text(CredentialsRealm(other).credentials_file("edge").read_text())
        edge = self.start("edge", path)
        await_condition(lambda: "cannot connect" in edge.said(), "a line in the log")
        self.assertIn("nats", edge.waiting_for())
        path.write_text(good)
        edge.await_ready()


if __name__ == "__main__":
    unittest.main()
