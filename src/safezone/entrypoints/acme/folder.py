"""What lies in the folder `acme`: the account's key, the certificate with its key, and what came of the last attempt."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from safezone.core.certificate_settings import Acme
from safezone.core.durable import write_durably
from safezone.core.i18n import Words
from safezone.entrypoints.acme.rules import Life, Tried

SELF_MADE_FOR: Final = timedelta(days=397)


class Account(msgspec.Struct, frozen=True):
    """Under what address the authority of this directory knows us."""

    directory: str
    uri: str
    email: str = ""


class Suggested(msgspec.Struct, frozen=True):
    """When the authority would have a certificate renewed (ARI), and when to ask it again."""

    serial: str
    at: datetime | None
    ask_again_at: datetime


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the certificate, for whoever looks after the station."""

    directory: str = ""
    """From which the certificate is."""
    asked: str = ""
    """The settings of the last attempt: with others there is no reason to wait."""
    tried: Tried = Tried()
    why: Words | None = None
    """Why the last attempt failed."""
    obtained_at: datetime | None = None
    next_at: datetime | None = None
    """When the next attempt is due; None: now."""
    suggested: Suggested | None = None


class AcmeFolder:
    """The folder, for whoever writes in it (one process) and whoever reads it (every one)."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.certificate_file = self.path / "certificate.pem"
        """The certificate, its chain, and its key: in one file, so that nobody ever finds half of the pair."""
        self.account_key_file = self.path / "account.key"
        self.account_file = self.path / "account.json"
        self.state_file = self.path / "state.json"
        self.wish_file = self.path / "renew-now"

    def prepare(self, names: tuple[str, ...]) -> None:
        """There is a certificate: a self-made one, until the authority has given one. Any process may call this."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.path / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            now = datetime.now(UTC)
            try:
                life = life_of(self.certificate_file)
                is_good = not life.is_self_made or (life.ends_at > now and life.names == set(names))
            except (OSError, ValueError):
                is_good = False
            if not is_good:
                write_durably(self.certificate_file, self_made(names, now))

    def load(self) -> Kept:
        """What was noted down; nothing where nothing was, or where it cannot be read."""
        try:
            return msgspec.json.decode(self.state_file.read_bytes(), type=Kept)
        except (OSError, msgspec.DecodeError):
            return Kept()

    def keep(self, kept: Kept) -> None:
        """It is noted down, also over a power cut."""
        write_durably(self.state_file, msgspec.json.format(msgspec.json.encode(kept), indent=2))

    def account(self, directory: str) -> Account | None:
        """The account at this directory."""
        try:
            found = msgspec.json.decode(self.account_file.read_bytes(), type=Account)
        except (OSError, msgspec.DecodeError):
            return None
        return found if found.directory == directory else None

    def account_key(self) -> ec.EllipticCurvePrivateKey:
        """The key of the account, made when it is first wanted."""
        if not self.account_key_file.exists():
            write_durably(self.account_key_file, pem_of(ec.generate_private_key(ec.SECP256R1())))
        key = serialization.load_pem_private_key(self.account_key_file.read_bytes(), None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ValueError(f"{self.account_key_file.name} holds no key on a curve")
        return key


def life_of(file: Path) -> Life:
    """What the first certificate in a file says of itself; OSError or ValueError when there is none."""
    return life_in(file.read_bytes())


def life_in(pem: bytes) -> Life:
    """The same of what was read already."""
    found = x509.load_pem_x509_certificates(pem)[0]
    try:
        said = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = frozenset(said.get_values_for_type(x509.DNSName))
    except x509.ExtensionNotFound:
        names = frozenset()
    return Life(
        found.not_valid_before_utc,
        found.not_valid_after_utc,
        found.serial_number,
        names,
        is_self_made=found.issuer == found.subject,
    )


def self_made(names: Iterable[str], now: datetime) -> bytes:
    """A certificate that nobody vouches for, and its key: so that the line is closed until there is a better one."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Safe Zone, self-made, not vouched for")])
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + SELF_MADE_FOR)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM) + pem_of(key)


def pem_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The key as it stands in a file."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def fingerprint(acme: Acme) -> str:
    """The settings that an attempt was made with."""
    return json.dumps(msgspec.to_builtins(acme), sort_keys=True)
