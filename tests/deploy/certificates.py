"""An authority and what it has signed, made by openssl for one test."""

import subprocess


class Certificates:
    """`server` and `server_key` are valid for 127.0.0.1 and localhost; `authority` is whom to trust."""

    _NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]

    def __init__(self, folder):
        self._folder = folder
        self.authority, self._authority_key = folder / "ca.pem", folder / "ca.key"
        _openssl("req", "-x509", *self._NEW_KEY, "-keyout", self._authority_key, "-out", self.authority,
                 "-days", "2", "-subj", "/CN=Test authority")
        self.server, self.server_key = self.issue("server", "IP:127.0.0.1,DNS:localhost")

    def issue(self, file_name, names, common_name="localhost"):
        """Certificate and key of these names, such as `DNS:backend.internal`."""
        certificate, key = self._folder / f"{file_name}.pem", self._folder / f"{file_name}.key"
        request, extensions = self._folder / f"{file_name}.csr", self._folder / f"{file_name}.names"
        _openssl("req", *self._NEW_KEY, "-keyout", key, "-out", request, "-subj", f"/CN={common_name}")
        extensions.write_text(f"subjectAltName={names}\n")
        _openssl("x509", "-req", "-in", request, "-CA", self.authority, "-CAkey", self._authority_key,
                 "-CAcreateserial", "-out", certificate, "-days", "2", "-extfile", extensions)
        return certificate, key


def _openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
