"""What deploy/ puts in front of two edges: streams flow at once, and go on at the other edge."""

import base64
import json
import re
import socket
import subprocess
import unittest
import urllib.request

from nats_server import NatsServer
from processes import ROOT, DeployTest, Process, await_condition, free_port, http_get, program
from sluice import EventStream, Sluice, connect, publish


class Nginx(Process):
    """With the file as it is, but for addresses and the folders of its own files."""

    def __init__(self, folder, edges):
        self.port = free_port()
        servers = "".join(f"    server 127.0.0.1:{edge.port} max_fails=2 fail_timeout=5s;\n" for edge in edges)
        text = (ROOT / "deploy/nginx/nginx.conf").read_text()
        text = re.sub(r"(    server edge-\d:8080 [^\n]*\n)+", servers, text)
        text = text.replace("listen 8000", f"listen 127.0.0.1:{self.port}").replace("/tmp/", f"{folder}/")
        # As many as this machine allows.
        text = re.sub(r"worker_rlimit_nofile \d+;", "", text)
        text = text.replace("worker_connections 200000", "worker_connections 1000")
        configuration = folder / "nginx.conf"
        configuration.write_text(text)
        super().__init__("nginx", [program("nginx"), "-c", configuration, "-p", folder, "-e", "stderr", "-g",
                                   "daemon off;"], folder)

    def is_ready(self):
        return http_get(self.port, "/")[0] == 404


class Haproxy(Process):
    """With the file as it is, but for addresses."""

    def __init__(self, folder, edges):
        self.port = free_port()
        servers = "".join(f"  server edge-{n} 127.0.0.1:{edge.port}\n" for n, edge in enumerate(edges))
        text = (ROOT / "deploy/haproxy/haproxy.cfg").read_text()
        text = re.sub(r"(  server edge-\d edge-\d:8080\n)+", servers, text)
        text = text.replace("bind :8000", f"bind 127.0.0.1:{self.port}").replace("maxconn 200000", "maxconn 1000")
        configuration = folder / "haproxy.cfg"
        configuration.write_text(text)
        super().__init__("haproxy", [program("haproxy"), "-db", "-f", configuration], folder)

    def is_ready(self):
        return http_get(self.port, "/")[0] == 404


class FrontTests:
    """Of one `front`."""

    def setUp(self):
        super().setUp()
        nats = self.run_until_the_end(NatsServer("ephemeral", self.folder)).await_ready()
        self.gateway = Sluice(self, "gateway", "ephemeral", [nats.url]).await_ready()
        self.edges = [Sluice(self, "edge", "ephemeral", [nats.url], name=f"edge-{i}").await_ready()
                      for i in (1, 2)]
        self.port = self.run_until_the_end(self.front(self.folder, self.edges)).await_ready().port

    def edge_with_a_session(self):
        return await_condition(
            lambda: next((edge for edge in self.edges if edge.metric("sluice_edge_sessions")), None), "a session")

    def test_curl_sees_an_event_when_it_is_published(self):
        curl = subprocess.Popen(["curl", "-sSN", "-D", "-", "-H", f"Origin: http://127.0.0.1:{self.port}",
                                 f"http://127.0.0.1:{self.port}/v1/events?user=alice"],
                                stdout=subprocess.PIPE, text=True)
        self.addCleanup(lambda: (curl.kill(), curl.wait(), curl.stdout.close()))
        seen = []

        def read_until(text):
            while not seen or text not in seen[-1]:
                line = curl.stdout.readline()
                self.assertTrue(line, seen)
                seen.append(line)

        read_until("event: connected")
        self.assertIn("HTTP/1.1 200 OK", seen[0])
        self.assertIn("content-type: text/event-stream\n", "".join(seen).replace("\r", "").lower())
        for number in range(3):
            # Each comes without another one that would push it out of a buffer.
            self.assertIsNotNone(publish(self.gateway, "alice", f"event {number}"))
            read_until(f"data: event {number}")

    def test_a_stream_goes_on_at_the_other_edge(self):
        stream = connect(self, self.port, "alice")
        first = publish(self.gateway, "alice", "seen")
        self.assertEqual(stream.next_event()["id"], first)
        gone = self.edge_with_a_session()
        self.assertEqual(gone.stop(), 0)
        self.assertEqual(stream.next_event()["event"], "closing")
        self.assertIsNone(stream.next_event())
        missed = [publish(self.gateway, "alice", f"missed {n}") for n in range(5)]

        resumed = connect(self, self.port, "alice", last_event_id=first)
        self.assertEqual([resumed.next_event()["id"] for _ in missed], missed)
        self.assertIsNot(self.edge_with_a_session(), gone)
        live = publish(self.gateway, "alice", "live")
        self.assertEqual(resumed.next_event()["id"], live)

    def test_a_websocket_is_upgraded_and_gets_events(self):
        browser = socket.create_connection(("127.0.0.1", self.port), 20)
        self.addCleanup(browser.close)
        key = base64.b64encode(b"sixteen octets!!").decode()
        browser.sendall(f"GET /v1/ws?user=alice HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nUpgrade: websocket\r\n"
                        f"Origin: http://127.0.0.1:{self.port}\r\nConnection: Upgrade\r\n"
                        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode())
        stream = browser.makefile("rb")
        self.addCleanup(stream.close)
        self.assertIn(b" 101 ", stream.readline())
        while stream.readline().strip():
            pass

        def next_message():
            first, size = stream.read(2)
            self.assertEqual(first, 0x81)
            return json.loads(stream.read(size if size < 126 else int.from_bytes(stream.read(2), "big")))

        self.assertEqual(next_message()["type"], "connected")
        event_id = publish(self.gateway, "alice", "over WebSocket")
        message = next_message()
        self.assertEqual((message["id"], message["data"]), (event_id, "over WebSocket"))

    def test_requests_of_a_sockjs_session_go_to_both_edges(self):
        served = {edge: 0 for edge in self.edges}

        def ask(transport, body=b""):
            before = {edge: edge.metric("sluice_edge_connections_accepted_total") for edge in self.edges}
            request = urllib.request.Request(
                f"http://127.0.0.1:{self.port}/v1/sockjs/000/s/{transport}?user=alice", data=body, method="POST")
            with urllib.request.urlopen(request, timeout=20) as answer:
                text = answer.read().decode()
            for edge in self.edges:
                served[edge] += edge.metric("sluice_edge_connections_accepted_total") - before[edge]
            return text

        def frame(text):
            return json.dumps([text + "\n\n\0"]).encode()

        self.assertEqual(ask("xhr"), "o\n")
        ask("xhr_send", frame("CONNECT\naccept-version:1.2"))
        self.assertIn("CONNECTED", ask("xhr"))
        ask("xhr_send", frame("SUBSCRIBE\nid:1\ndestination:/user/queue\nreceipt:r"))
        self.assertIn("RECEIPT", ask("xhr"))
        for number in range(20):
            self.assertIsNotNone(publish(self.gateway, "alice", f"event {number}"))
            self.assertIn(f"event {number}\\u0000", ask("xhr"))
        self.assertGreater(min(served.values()), 5, served)
        self.assertEqual(sum(edge.metric("sluice_edge_sessions") for edge in self.edges), 1)

    def test_a_client_that_leaves_frees_its_session(self):
        stream = connect(self, self.port, "alice")
        edge = self.edge_with_a_session()
        stream.close()
        edge.await_metric("sluice_edge_sessions", 0)

    def test_refusals_and_the_admin_port_are_not_mixed_up(self):
        refused = EventStream(self.port, "")
        self.addCleanup(refused.close)
        self.assertEqual(refused.status, 400)
        self.assertEqual(http_get(self.port, "/metrics")[0], 404)
        foreign = subprocess.run(["curl", "-sS", "-o", self.folder / "body", "-w", "%{http_code}", "-H",
                                  "Origin: http://evil.example",
                                  f"http://127.0.0.1:{self.port}/v1/events?user=alice"],
                                 capture_output=True, text=True, timeout=20)
        self.assertEqual(foreign.stdout, "403")


class NginxTest(FrontTests, DeployTest):
    front = Nginx


class HaproxyTest(FrontTests, DeployTest):
    front = Haproxy


if __name__ == "__main__":
    unittest.main()
