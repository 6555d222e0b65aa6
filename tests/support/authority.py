"""A certificate authority that speaks ACME (acme2certifier, from PyPI), as a process of its own behind TLS.

    with AcmeAuthority(tmp_path, challenge_port=port) as authority:
        settings = authority.settings(["zone.example.test"])

The whole server is as it comes: accounts, nonces, orders, HTTP-01 over a real connection, a CA of its own. Two things are
of the test: every name leads to 127.0.0.1 and port 80 to `challenge_port`, as DNS and a router do it elsewhere; and
every third nonce is forgotten before its time, as authorities do that have several servers.
"""

from __future__ import annotations

import datetime
import json
import os
import ssl
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.places import eventually, free_port

FORGOTTEN = 3
"""Every so many-th nonce."""


class AcmeAuthority:
    """The server; it can be stopped and started again as the same one."""

    def __init__(self, folder: Path, challenge_port: int, *, days: int = 90) -> None:
        """`days`: for how long its certificates are good."""
        self.folder = folder / "authority"
        (self.folder / "issued").mkdir(parents=True)
        self.challenge_port = challenge_port
        self.port = free_port()
        self.root_file = self.folder / "root.pem"
        """With which what it issues is verified."""
        self.tls_root_file = self.folder / "tls-root.pem"
        """With which its own TLS is verified: another one, as with any authority."""
        self.directory_url = f"https://localhost:{self.port}/directory"
        root_key, issuer = _write_authority(self.root_file, self.folder / "root.key", "Trial authority")
        (self.folder / "root.crl").write_bytes(_nothing_revoked(root_key, issuer))
        key, root = _write_authority(self.tls_root_file, self.folder / "tls-root.key", "TLS of the directory")
        _write_server(self.folder / "tls.pem", key, root)
        self._config = self.folder / "acme_srv.cfg"
        self._config.write_text(_CONFIG.format(folder=self.folder, days=days), "utf-8")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        """All that it has printed."""
        return (self.folder / "log").read_text("utf-8", "replace")

    def section(self, *names: str, **more: Any) -> str:
        """The section `[acme]` of a station with these names."""
        said = {
            "domains": list(names),
            "directory_url": self.directory_url,
            "directory_ca_file": str(self.tls_root_file),
            "terms_agreed": True,
            "email": "admin@example.test",
            "challenge_port": self.challenge_port,
            **more,
        }
        # What JSON says of these few is what TOML says.
        lines = (f"{key} = {json.dumps(value)}" for key, value in said.items())
        return "\n".join(("[acme]", *lines, ""))

    def context(self) -> ssl.SSLContext:
        """As somebody who trusts what it issues."""
        return ssl.create_default_context(cafile=str(self.root_file))

    def start(self) -> None:
        """It answers."""
        with (self.folder / "log").open("ab") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.authority_server", str(self.folder), str(self.port)],
                stdout=out,
                stderr=subprocess.STDOUT,
                env={
                    **os.environ,
                    "ACME_SRV_CONFIGFILE": str(self._config),
                    "TEST_CHALLENGE_PORT": str(self.challenge_port),
                },
            )
        eventually(self._answers, within_s=120)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log
        context = ssl.create_default_context(cafile=str(self.tls_root_file))
        try:
            with urllib.request.urlopen(self.directory_url, context=context, timeout=10) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def stop(self) -> None:
        """It is away."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def __enter__(self) -> AcmeAuthority:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _write_authority(file: Path, key_file: Path, name: str) -> tuple[ec.EllipticCurvePrivateKey, x509.Name]:
    key = ec.generate_private_key(ec.SECP256R1())
    own = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    made = (
        _builder(own, own, key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(_pem(key))
    return key, own


def _nothing_revoked(key: ec.EllipticCurvePrivateKey, issuer: x509.Name) -> bytes:
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer).last_update(now)
    made = builder.next_update(now + datetime.timedelta(days=30)).sign(key, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.PEM)


def _write_server(file: Path, root_key: ec.EllipticCurvePrivateKey, root: x509.Name) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key())
    made = (
        _builder(name, root, key.public_key())
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(issuer, critical=False)
        .sign(root_key, hashes.SHA256())
    )
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + _pem(key))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=3650))
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


_CONFIG = """\
[DEFAULT]
debug: False
[CAhandler]
handler_module: acme2certifier.cahandlers.openssl_ca_handler
issuing_ca_key: {folder}/root.key
issuing_ca_cert: {folder}/root.pem
issuing_ca_crl: {folder}/root.crl
cert_validity_days: {days}
cert_save_path: {folder}/issued
[DBhandler]
handler_module: acme2certifier.dbhandlers.wsgi_handler
dbfile: {folder}/authority.db
[Challenge]
challenge_validation_timeout: 10
[Renewalinfo]
renewalthreshold_pctg: 66
"""
