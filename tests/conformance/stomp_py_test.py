"""Python's stomp.py against `sluice serve`, over its WebSocket transport: receipts, resuming, gaps, ERROR, heart-beats."""

import json
import os
import pathlib
import queue
import subprocess
import sys
import unittest

import stomp

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "deploy"))

from processes import BUILD, PATIENCE_SECONDS, DeployTest  # noqa: E402
from sluice import Serve  # noqa: E402

SECRET = "a secret of at least thirty-two octets"


def publish(server, target, name, data, kind=""):
    """Through gRPC; the id of the event. `target`: user or topic."""
    answer = subprocess.run([BUILD / "sluice", "publish", "--server", f"127.0.0.1:{server.grpc_port}",
                             f"--{target}", name, *(["--type", kind] if kind else []), data],
                            capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=True)
    return json.loads(answer.stdout)["event_id"]


def token(*words):
    answer = subprocess.run([BUILD / "sluice", "token", *words], capture_output=True, text=True,
                            timeout=PATIENCE_SECONDS, check=True,
                            env={**os.environ, "SLUICE_AUTH_SECRET": SECRET})
    return answer.stdout.strip()


class Heard(stomp.ConnectionListener):
    """What came, in order, as (kind, headers, body)."""

    def __init__(self):
        self._items = queue.Queue()

    def on_connected(self, frame):
        self._items.put(("connected", frame.headers, frame.body))

    def on_message(self, frame):
        self._items.put(("message", frame.headers, frame.body))

    def on_receipt(self, frame):
        self._items.put(("receipt", frame.headers, frame.body))

    def on_error(self, frame):
        self._items.put(("error", frame.headers, frame.body))

    def on_disconnected(self):
        self._items.put(("disconnected", {}, ""))

    def on_heartbeat(self):
        self._items.put(("heartbeat", {}, ""))

    def next(self, kind):
        """The headers and body of the next of that kind; beats are passed over unless they are asked for."""
        while True:
            found, headers, body = self._items.get(timeout=PATIENCE_SECONDS)
            if found == kind:
                return headers, body
            assert found == "heartbeat", f"{found} {headers} {body} instead of {kind}"


class StompPyTest(DeployTest):

    def serve(self, configuration=""):
        return Serve(self, configuration).await_ready()

    def connect(self, server, query="?user=alice", headers=None, heartbeats=(0, 0)):
        connection = stomp.WSStompConnection([("127.0.0.1", server.port)], ws_path=f"/v1/ws{query}",
                                             header={"Sec-WebSocket-Protocol": "v12.stomp"},
                                             heartbeats=heartbeats)
        heard = Heard()
        connection.set_listener("heard", heard)
        self.addCleanup(lambda: connection.is_connected() and connection.disconnect())
        connection.connect(headers=headers or {}, wait=False)
        return connection, heard

    def subscribe(self, connection, heard, destination, number, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.subscribe(destination, id=str(number), headers={"receipt": destination, **headers})
        self.assertEqual(heard.next("receipt")[0]["receipt-id"], destination)

    def test_it_hears_what_a_backend_publishes(self):
        server = self.serve()
        connection, heard = self.connect(server)
        self.assertEqual(heard.next("connected")[0]["user-name"], "alice")
        self.subscribe(connection, heard, "/topic/a:b", 1)
        self.subscribe(connection, heard, "/user/queue/note", 2)
        first = publish(server, "topic", "a:b", "grüße\nund mehr", "n:ote")
        publish(server, "user", "bob", "not hers", "note")
        second = publish(server, "user", "alice", "hers", "note")
        headers, body = heard.next("message")
        self.assertEqual((headers["message-id"], headers["destination"], headers["type"], body),
                         (first, "/topic/a:b", "n:ote", "grüße\nund mehr"))
        headers, body = heard.next("message")
        self.assertEqual((headers["message-id"], headers["subscription"], body), (second, "2", "hers"))
        connection.disconnect()
        server.await_metric("sluice_edge_sessions_closed_total", 1, protocol="stomp", reason="client")

    def test_it_resumes_after_its_last_event(self):
        server = self.serve()
        connection, heard = self.connect(server)
        heard.next("connected")
        self.subscribe(connection, heard, "/topic/news", 1)
        first = publish(server, "topic", "news", "0")
        self.assertEqual(heard.next("message")[0]["message-id"], first)
        connection.transport.socket.shutdown()
        heard.next("disconnected")
        missed = [publish(server, "topic", "news", str(n)) for n in range(1, 4)]
        connection, heard = self.connect(server)
        heard.next("connected")
        self.subscribe(connection, heard, "/topic/news", 1, last_event_id=first)
        self.assertEqual([heard.next("message")[0]["message-id"] for _ in missed], missed)
        self.subscribe(connection, heard, "/user/queue", 2, last_event_id="0-1")
        headers, body = heard.next("message")
        self.assertEqual((headers["type"], json.loads(body)["reason"]), ("gap", "epoch"))

    def test_a_topic_that_is_not_granted_is_an_error(self):
        server = self.serve(f'[auth]\nsecret = "{SECRET}"\n')
        bearer = {"Authorization": "Bearer " + token("--user", "alice", "--topic", "news")}
        connection, heard = self.connect(server, query="", headers=bearer)
        heard.next("connected")
        self.subscribe(connection, heard, "/topic/news", 1)
        connection.subscribe("/topic/secret", id="2")
        self.assertEqual(heard.next("error")[0]["message"], "the destination is not granted")
        heard.next("disconnected")

    def test_both_sides_beat(self):
        server = self.serve()
        connection, heard = self.connect(server, heartbeats=(10_000, 10_000))
        heard.next("connected")
        self.subscribe(connection, heard, "/user/queue", 1)
        for _ in range(3):
            heard.next("heartbeat")
        publish(server, "user", "alice", "still here")
        self.assertEqual(heard.next("message")[1], "still here")


if __name__ == "__main__":
    unittest.main()
