"""The three profiles of deploy/nats: each pair of files works together, from publisher to browser."""

import subprocess
import unittest

from certificates import Certificates
from nats_server import NatsServer, start_cluster
from processes import DeployTest, await_condition, program
from sluice import Sluice, connect, publish


def knows_sync_interval():
    found = subprocess.run([program("nats-server", "NATS_SERVER"), "--version"], capture_output=True,
                           text=True, check=True).stdout
    major, minor = found.split("v")[-1].split(".")[:2]
    return (int(major), int(minor)) >= (2, 10)


class NatsProfileTest(DeployTest):

    def assert_works(self, profile, servers, settings=None):
        urls = [server.url for server in servers]
        gateway = Sluice(self, "gateway", profile, urls, settings).await_ready()
        edge = Sluice(self, "edge", profile, urls, settings).await_ready()
        stream = connect(self, edge, "alice")
        event_id = publish(gateway, "alice", "hello")
        self.assertEqual(stream.next_event(), {"id": event_id, "event": "note", "data": "hello"})
        resumed = connect(self, edge, "alice", last_event_id=event_id)
        second = publish(gateway, "alice", "again")
        self.assertEqual(resumed.next_event()["id"], second)
        return gateway, edge

    def assert_cluster_works(self, profile):
        certificates = Certificates(self.folder)
        servers = start_cluster(self, profile, certificates)
        gateway, _ = self.assert_works(profile, servers, {"nats.tls_ca_file": certificates.authority})
        config = servers[0].stream_config()
        self.assertEqual((config["storage"], config["num_replicas"]), ("file", 3))
        servers[1].stop()
        # A new leader may have to be found first.
        await_condition(lambda: publish(gateway, "alice", "two of three are enough"), "a publish")

    def test_ephemeral_keeps_events_in_the_memory_of_one_server(self):
        server = self.run_until_the_end(NatsServer("ephemeral", self.folder)).await_ready()
        self.assert_works("ephemeral", [server])
        config = server.stream_config()
        self.assertEqual((config["storage"], config["num_replicas"]), ("memory", 1))

    def test_replicated_keeps_events_on_three_servers_over_tls(self):
        self.assert_cluster_works("replicated")

    def test_durable_does_the_same_and_writes_through(self):
        if knows_sync_interval():
            return self.assert_cluster_works("durable")
        # An older server must not run and pretend.
        server = self.run_until_the_end(NatsServer("durable", self.folder,
                                                   certificates=Certificates(self.folder)))
        self.assertNotEqual(server.await_end(), 0)
        self.assertIn('unknown field "sync_interval"', server.said())

    def test_tls_with_an_authority_that_did_not_sign_is_refused(self):
        trusted, other = self.folder / "trusted", self.folder / "other"
        trusted.mkdir()
        other.mkdir()
        certificates = Certificates(trusted)
        servers = start_cluster(self, "replicated", certificates)
        edge = Sluice(self, "edge", "replicated", [servers[0].url],
                      {"nats.tls_ca_file": Certificates(other).authority})
        await_condition(lambda: "cannot connect" in edge.said(), lambda: edge.said())
        await_condition(lambda: "nats" in edge.waiting_for(), "the admin port")
        self.assertEqual(edge.metric("sluice_ingest_nats_connected"), 0)


if __name__ == "__main__":
    unittest.main()
