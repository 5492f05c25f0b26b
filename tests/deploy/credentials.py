"""NATS operators, accounts and users as JWTs signed with Ed25519 (NATS "JWT authentication", nkeys),
made by openssl: what `nsc` does, as far as a server of a test needs it."""

import base64
import json
import re
import subprocess
import time

from processes import ROOT

_PREFIXES = {"operator": 14 << 3, "account": 0, "user": 20 << 3}
_SEED = 18 << 3
_PKCS8 = bytes.fromhex("302e020100300506032b657004220420")


class Identity:
    """A key pair of a kind, and claims about others signed with it."""

    def __init__(self, folder, kind, name):
        self.kind, self.name = kind, name
        self._key = folder / f"{name}.key"
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-outform", "DER", "-out", self._key],
                       check=True)
        public = subprocess.run(["openssl", "pkey", "-inform", "DER", "-in", self._key, "-pubout", "-outform",
                                 "DER"], check=True, capture_output=True).stdout[-32:]
        self.public = _encode(bytes([_PREFIXES[kind]]) + public)

    @property
    def seed(self):
        kind = _PREFIXES[self.kind]
        octets = self._key.read_bytes()
        return _encode(bytes([_SEED | kind >> 5, (kind & 31) << 3]) + octets[len(_PKCS8):][:32])

    def claim(self, subject, **fields):
        """A JWT in which this identity says something of `subject`."""
        claims = {"jti": subject.name, "iat": int(time.time()), "iss": self.public, "name": subject.name,
                  "sub": subject.public, "nats": fields | {"type": subject.kind, "version": 2}}
        text = ".".join(_base64(json.dumps(part).encode())
                        for part in ({"typ": "JWT", "alg": "ed25519-nkey"}, claims))
        message = self._key.with_suffix(".claim")
        message.write_text(text)
        signature = subprocess.run(["openssl", "pkeyutl", "-sign", "-keyform", "DER", "-inkey", self._key,
                                    "-rawin", "-in", message], check=True, capture_output=True).stdout
        return f"{text}.{_base64(signature)}"


class CredentialsRealm:
    """An operator with one account: the configuration of its server, and credentials files of users who
    have the rights that deploy/nats/accounts.conf gives to the user of that name."""

    def __init__(self, folder):
        self._folder = folder
        operator, system = (Identity(folder, kind, name)
                            for kind, name in (("operator", "operator"), ("account", "system")))
        self._account = Identity(folder, "account", "sluice")
        no_limits = dict.fromkeys(("subs", "data", "payload", "imports", "exports", "conn", "leaf"), -1)
        storage = dict.fromkeys(("mem_storage", "disk_storage", "streams", "consumer"), -1)
        accounts = {system.public: operator.claim(system, limits=no_limits),
                    self._account.public: operator.claim(self._account, limits=no_limits | storage)}
        self.profile = folder / "credentials"
        self.profile.mkdir()
        (self.profile / "nats-server.conf").write_text(
            f"jetstream {{ store_dir: $NATS_STORE }}\noperator: {operator.claim(operator)}\n"
            f"system_account: {system.public}\nresolver: MEMORY\nresolver_preload: {json.dumps(accounts)}\n")

    def credentials_file(self, user):
        identity = Identity(self._folder, "user", user)
        publish, subscribe = rights(user)
        jwt = self._account.claim(identity, pub={"allow": publish}, sub={"allow": subscribe}, subs=-1, data=-1,
                                  payload=-1)
        path = self._folder / f"{user}.creds"
        path.write_text(f"-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\n"
                        f"-----BEGIN USER NKEY SEED-----\n{identity.seed}\n------END USER NKEY SEED------\n")
        return path


def rights(user):
    """What accounts.conf lets that user publish, and subscribe to."""
    text = (ROOT / "deploy/nats/accounts.conf").read_text()
    lists = re.search(rf'user: "{user}".*?publish {{(.*?)}}\s*subscribe {{(.*?)}}', text, re.S).groups()
    return tuple(re.findall(r'"([^"]+)"', found) for found in lists)


def _encode(octets):
    check = 0
    for octet in octets:
        check ^= octet << 8
        for _ in range(8):
            check = (check << 1 ^ (0x1021 if check & 0x8000 else 0)) & 0xFFFF
    return base64.b32encode(octets + check.to_bytes(2, "little")).decode().rstrip("=")


def _base64(octets):
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")
