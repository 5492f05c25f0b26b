"""Keys of an issuer that publishes them over https: fetched, rotated, away, and not to be believed."""

import base64
import http.server
import json
import os
import pathlib
import signal
import ssl
import subprocess
import threading
import unittest
import urllib.error
import urllib.request

from certificates import Certificates
from processes import BUILD, DeployTest, await_condition, http_get
from sluice import Serve


class KeyServer:
    """An https server that answers with `status`, `headers` and `body`, and counts."""

    def __init__(self, test, certificates):
        self.status, self.headers, self.body, self.requests = 200, {}, b"", 0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.requests += 1
                self.send_response(outer.status)
                for name, value in outer.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                try:
                    self.wfile.write(outer.body)
                except OSError:
                    pass  # the client has had enough

            def log_message(self, *_):
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates.server, certificates.server_key)
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        test.addCleanup(self._server.server_close)
        test.addCleanup(self._server.shutdown)
        self.url = f"https://127.0.0.1:{self._server.server_address[1]}/keys"


class SigningKey:
    """A P-256 key: its file, and its JWK."""

    def __init__(self, folder, key_id):
        self.key_id, self.file = key_id, folder / f"{key_id}.key"
        subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", self.file],
                       check=True, capture_output=True)
        der = subprocess.run(["openssl", "ec", "-in", self.file, "-pubout", "-outform", "DER"], check=True,
                             capture_output=True).stdout
        x, y = der[-64:-32], der[-32:]
        self.jwk = {"kty": "EC", "crv": "P-256", "kid": key_id, "use": "sig", "alg": "ES256",
                    "x": _base64url(x), "y": _base64url(y)}


def _base64url(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def key_set(*keys):
    return json.dumps({"keys": [key.jwk for key in keys]}).encode()


class TokenKeysTest(DeployTest):

    def setUp(self):
        super().setUp()
        self.certificates = Certificates(self.folder)
        self.server = KeyServer(self, self.certificates)
        self.first, self.second = (SigningKey(self.folder, name) for name in ("first", "second"))
        self.server.body = key_set(self.first)

    def start(self, refresh="1s"):
        return Serve(self, f"""
            [auth]
            jwks_url = "{self.server.url}"
            jwks_ca_file = "{self.certificates.authority}"
            jwks_refresh = "{refresh}"
        """)

    def token(self, key):
        return subprocess.run([BUILD / "sluice", "token", "--user", "alice", "--private-key-file", key.file,
                               "--key-id", key.key_id], check=True, capture_output=True, text=True,
                              env={**os.environ, "SLUICE_CONFIG": ""}).stdout.strip()

    def status(self, serve, key):
        request = urllib.request.Request(f"http://127.0.0.1:{serve.port}/v1/events",
                                         headers={"Authorization": f"Bearer {self.token(key)}"})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    def test_keys_are_fetched_and_fetched_again(self):
        serve = self.start().await_ready()
        self.assertEqual(self.status(serve, self.first), 200)
        self.assertEqual(self.status(serve, self.second), 401)
        self.server.body = key_set(self.second)
        await_condition(lambda: self.status(serve, self.second) == 200, "the new key")
        self.assertEqual(self.status(serve, self.first), 401)

    def test_an_edge_without_keys_is_not_ready_and_lets_nobody_in(self):
        self.server.status = 503
        serve = self.start()
        await_condition(lambda: serve.metric("sluice_edge_jwks_refreshes_total", result="failed") > 0,
                        "a failure")
        self.assertEqual(serve.waiting_for(), ["token keys"])
        self.assertEqual(self.status(serve, self.first), 401)
        self.server.status = 200
        serve.await_ready()
        self.assertEqual(self.status(serve, self.first), 200)

    def test_the_last_good_keys_stay_while_nothing_better_comes(self):
        serve = self.start().await_ready()
        failures = 0
        for status, headers, body in ((500, {}, key_set(self.second)), (200, {}, b"{"),
                                      (200, {}, b'{"keys":[]}'), (200, {}, b"x" * (300 << 10)),
                                      (302, {"Location": self.server.url}, key_set(self.second))):
            self.server.status, self.server.headers, self.server.body = status, headers, body
            failures += 1
            before = serve.metric("sluice_edge_jwks_refreshes_total", result="failed")
            await_condition(
                lambda: serve.metric("sluice_edge_jwks_refreshes_total", result="failed") > before,
                f"a failure after {status}")
            self.assertEqual(self.status(serve, self.first), 200)
            self.assertEqual(self.status(serve, self.second), 401)

    def test_an_unknown_key_is_asked_for_but_not_by_every_token(self):
        serve = self.start(refresh="24h").await_ready()
        self.assertEqual(self.server.requests, 1)
        for _ in range(50):
            self.assertEqual(self.status(serve, self.second), 401)
        # Not before 30 s have passed since the last: a flood of such tokens asks for nothing more.
        self.assertEqual(self.server.requests, 1)

    def test_a_server_that_nobody_vouches_for_is_not_believed(self):
        other = self.folder / "other"
        other.mkdir()
        serve = Serve(self, f"""
            [auth]
            jwks_url = "{self.server.url}"
            jwks_ca_file = "{Certificates(other).authority}"
        """)
        await_condition(lambda: "cannot be fetched" in serve.said(), "a line in the log")
        self.assertEqual(serve.waiting_for(), ["token keys"])

    def test_sighup_reads_a_key_file_again(self):
        keys = self.folder / "keys.json"
        keys.write_bytes(key_set(self.first))
        serve = Serve(self, f'[auth]\njwks_file = "{keys}"\n').await_ready()
        self.assertEqual(self.status(serve, self.first), 200)
        keys.write_bytes(key_set(self.second))
        os.kill(serve.pid, signal.SIGHUP)
        await_condition(lambda: self.status(serve, self.second) == 200, "the new key")
        keys.write_bytes(b"{")
        os.kill(serve.pid, signal.SIGHUP)
        await_condition(lambda: "not reloaded" in serve.said(), "a line in the log")
        self.assertEqual(self.status(serve, self.second), 200)
        self.assertEqual(http_get(serve.admin_port, "/readyz")[0], 200)

    def test_sighup_says_that_there_is_nothing_to_reload(self):
        serve = Serve(self, "").await_ready()
        os.kill(serve.pid, signal.SIGHUP)
        await_condition(lambda: "nothing to reload" in serve.said(), "a line in the log")

    def test_no_token_is_made_that_every_edge_refuses(self):
        environment = {**os.environ, "SLUICE_CONFIG": "", "SLUICE_AUTH_SECRET": "s" * 32}
        for words, said in ((["--user", ""], "`sub` is no user id"),
                            (["--user", "alice", "--topic", "a*b"], "`topics` has an invalid pattern"),
                            (["--user", "alice", "--expires-in", "0s"], "expired")):
            made = subprocess.run([BUILD / "sluice", "token", *words], capture_output=True, text=True,
                                  env=environment)
            self.assertEqual(made.returncode, 2, made.stdout)
            self.assertIn(said, made.stderr)


if __name__ == "__main__":
    unittest.main()
