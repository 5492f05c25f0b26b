"""Publishers over TLS: by key, by client certificate, and not at all; a certificate that is replaced."""

import json
import pathlib
import shutil
import ssl
import subprocess
import unittest

import grpc

from certificates import Certificates
from processes import BUILD, DeployTest, await_condition
from sluice import Serve

KEY = "a-key-of-more-than-16-bytes"
PUBLISH = "/sluice.v1.Gateway/Publish"


def request(user):
    """A PublishRequest as it lies on the wire: user_id = 1, event = 3 { data = 2 }."""
    event = b"\x12\x01x"
    return b"\x0a" + bytes([len(user)]) + user.encode() + b"\x1a" + bytes([len(event)]) + event


class PublisherIdentityTest(DeployTest):

    def setUp(self):
        super().setUp()
        self.certificates = Certificates(self.folder)
        self.billing = self.certificates.issue("billing", "DNS:billing.internal", "billing")
        self.stranger = self.certificates.issue("stranger", "DNS:stranger.internal", "stranger")
        self.serve = Serve(self, f"""
            [gateway]
            tls_cert_file = "{self.certificates.server}"
            tls_key_file = "{self.certificates.server_key}"
            tls_client_ca_file = "{self.certificates.authority}"
            [publishers.billing]
            certificate = "billing.internal"
            users = ["alice"]
            [publishers.backend]
            key = "{KEY}"
        """).await_ready()

    def code(self, user="alice", key=None, certificate=None, authority=None):
        pem = [pathlib.Path(path).read_bytes() for path in certificate] if certificate else (None, None)
        credentials = grpc.ssl_channel_credentials(
            root_certificates=(authority or self.certificates.authority).read_bytes(),
            private_key=pem[1], certificate_chain=pem[0])
        with grpc.secure_channel(f"127.0.0.1:{self.serve.grpc_port}", credentials,
                                 [("grpc.use_local_subchannel_pool", 1)]) as channel:
            call = channel.unary_unary(PUBLISH)
            metadata = [("authorization", f"Bearer {key}")] if key else []
            try:
                call(request(user), timeout=10, metadata=metadata)
                return grpc.StatusCode.OK
            except grpc.RpcError as error:
                return error.code()

    def test_a_certificate_or_a_key_says_who_publishes(self):
        code = grpc.StatusCode
        self.assertEqual(self.code(certificate=self.billing), code.OK)
        self.assertEqual(self.code("bob", certificate=self.billing), code.PERMISSION_DENIED)
        self.assertEqual(self.code("bob", key=KEY), code.OK)
        self.assertEqual(self.code(certificate=self.stranger), code.UNAUTHENTICATED)
        self.assertEqual(self.code(), code.UNAUTHENTICATED)
        self.assertEqual(self.code(key=KEY + "x", certificate=self.billing), code.UNAUTHENTICATED)

    def test_a_certificate_of_another_authority_gets_no_connection(self):
        other = self.folder / "other"
        other.mkdir()
        foreign = Certificates(other).issue("billing", "DNS:billing.internal", "billing")
        self.assertEqual(self.code(certificate=foreign), grpc.StatusCode.UNAVAILABLE)

    def test_plain_text_gets_no_connection(self):
        with grpc.insecure_channel(f"127.0.0.1:{self.serve.grpc_port}") as channel:
            with self.assertRaises(grpc.RpcError) as raised:
                channel.unary_unary(PUBLISH)(request("alice"), timeout=10)
        self.assertEqual(raised.exception.code(), grpc.StatusCode.UNAVAILABLE)

    def test_the_command_publishes_with_a_key_over_tls(self):
        answer = subprocess.run([BUILD / "sluice", "publish", "--server", f"localhost:{self.serve.grpc_port}",
                                 "--tls-ca", self.certificates.authority, "--key", KEY, "--user", "alice", "x"],
                                check=True, capture_output=True, text=True)
        self.assertIn("event_id", json.loads(answer.stdout))

    def test_a_new_certificate_is_taken_over(self):
        def serial():
            pem = ssl.get_server_certificate(("127.0.0.1", self.serve.grpc_port))
            return subprocess.run(["openssl", "x509", "-noout", "-serial"], input=pem, check=True,
                                  capture_output=True, text=True).stdout

        before = serial()
        new = self.certificates.issue("new", "IP:127.0.0.1,DNS:localhost")
        shutil.copy(new[1], self.certificates.server_key)
        shutil.copy(new[0], self.certificates.server)
        await_condition(lambda: serial() != before, "the new certificate")
        self.assertEqual(self.code(key=KEY), grpc.StatusCode.OK)


if __name__ == "__main__":
    unittest.main()
