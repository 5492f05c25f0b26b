"""Presence over two edges, within the rights that deploy/nats/accounts.conf gives; one of them is paused, and ends."""

import json
import os
import signal
import subprocess
import unittest

from nats_server import NatsServer
from processes import BUILD, PATIENCE_SECONDS, DeployTest, await_condition
from sluice import Sluice, connect


class PresenceTest(DeployTest):

    def setUp(self):
        super().setUp()
        self.nats = self.run_until_the_end(NatsServer("ephemeral", self.folder)).await_ready()
        self.edges = [Sluice(self, "edge", "ephemeral", [self.nats.url], name=f"edge-{n}").await_ready()
                      for n in range(2)]
        self.gateway = Sluice(self, "gateway", "ephemeral", [self.nats.url]).await_ready()

    def ask(self, *users):
        """Exit code, sessions by user, stderr."""
        done = subprocess.run([BUILD / "sluice", "presence", "--server", f"127.0.0.1:{self.gateway.port}", *users],
                              capture_output=True, text=True, timeout=PATIENCE_SECONDS)
        answers = map(json.loads, done.stdout.splitlines())
        return done.returncode, {answer["user_id"]: answer["sessions"] for answer in answers}, done.stderr

    def await_answer(self, sessions):
        """A complete one."""
        await_condition(lambda: self.ask(*sessions)[:2] == (0, sessions), lambda: self.ask(*sessions))

    def test_sessions_come_and_go_on_every_edge(self):
        self.await_answer({"alice": 0})
        streams = [connect(self, edge, "alice") for edge in (*self.edges, self.edges[0])]
        connect(self, self.edges[1], "bob")
        self.await_answer({"alice": 3, "bob": 1, "carol": 0})
        streams[0].close()
        self.await_answer({"alice": 2, "bob": 1})
        self.edges[1].stop()
        self.await_answer({"alice": 1, "bob": 0})
        self.assertEqual(self.gateway.metric("sluice_ingest_edges"), 1)
        self.assertNotIn("Violation", self.nats.said())

    def test_an_edge_that_is_paused_is_named(self):
        for edge in self.edges:
            connect(self, edge, "alice")
        self.await_answer({"alice": 2})
        def incomplete():
            return self.gateway.metric("sluice_gateway_presence_total", result="incomplete")

        paused, before = self.edges[1], incomplete()
        os.kill(paused.pid, signal.SIGSTOP)
        self.addCleanup(os.kill, paused.pid, signal.SIGCONT)
        code, sessions, said = self.ask("alice")
        self.assertEqual((code, sessions), (1, {"alice": 1}), said)
        name = said.rpartition("no answer from ")[2].strip()
        self.assertRegex(name, "^[0-9a-f]{24}$")
        self.assertIn(f'"edge":"{name}"', paused.said())
        self.assertNotIn(name, self.edges[0].said())
        self.assertEqual(incomplete(), before + 1)
        os.kill(paused.pid, signal.SIGCONT)
        self.await_answer({"alice": 2})

    def test_what_is_wrong_is_said(self):
        code, sessions, said = self.ask("alice", "")
        self.assertEqual((code, sessions), (2, {}))
        self.assertIn("user_ids[1]", said)


if __name__ == "__main__":
    unittest.main()
