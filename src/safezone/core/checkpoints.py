"""Signed statements of where the log stood, so that a rewritten database shows.

A hash chain proves that no line was changed *without the lines after it*. Whoever can write the database can compute the
whole chain anew, and `safezone verify` is content. A checkpoint is the witness against that: how many lines there were
and the hash of the last one, signed (Ed25519) with a key that lies outside the database, kept outside it, and best
printed or sent to somebody who owes the station nothing.

It is a C2SP signed note in the form of a C2SP tlog-checkpoint, which other tools can read and check as well:

    safezone/mdh                                     origin: whose log
    4711                                             how many lines it has
    5FmuA7Xk…=                                       hash of the last line (base64)
    time 2026-11-20T12:00:00Z                        extension lines: when it was made,
    previous 7b5c…                                   and SHA-256 (hex) of the checkpoint before it, or `none`

    — safezone/mdh Az3grlgtzPICa5OS8npVmf1Myq/…=     name, and base64 of 4 bytes of key id and the signature

The hash is that of a chain, not of a Merkle tree: a log of this size is read whole when it is checked.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from sqlalchemy import Connection, select

from safezone.core.durable import flush_folder
from safezone.core.errors import CannotStart, SafezoneError
from safezone.core.i18n import Words
from safezone.core.log import log, station_head

_ED25519: Final = b"\x01"
_MARK: Final = "— "
_BODY: Final = re.compile(
    r"safezone/(?P<station>[^\s+]+)\n(?P<seq>[1-9][0-9]*)\n(?P<hash>[A-Za-z0-9+/]{43}=)\n"
    r"time (?P<at>[0-9TZ:.-]+)\nprevious (?P<previous>none|[0-9a-f]{64})\n"
)


class NotGenuine(SafezoneError):
    """This text is no checkpoint, or was not signed with the key that it is checked by."""


class Checkpoint(msgspec.Struct, frozen=True):
    """What one checkpoint says; `hash` and `previous` in hex, `previous` empty for the first."""

    station: str
    seq: int
    hash: str
    at: datetime
    previous: str


class Signer:
    """The station's signing key, in a file (PEM) that only this program may read."""

    def __init__(self, key: Ed25519PrivateKey, station: str) -> None:
        self._key, self._name = key, f"safezone/{station}"

    @classmethod
    def load_or_make(cls, path: Path, station: str) -> Signer:
        """The key of the file, which is made where there is none; CannotStart when it cannot be read."""
        try:
            if not path.exists():
                _write_key(path)
            key = load_pem_private_key(path.read_bytes(), None)
            if not isinstance(key, Ed25519PrivateKey):
                raise ValueError("not an Ed25519 key")
        except (OSError, ValueError) as problem:
            raise CannotStart(
                Words(
                    th=f"อ่านกุญแจลงลายเซ็น {path} ไม่ได้ ({problem}): คืนไฟล์จากสำเนา หรือย้ายไฟล์ออกเพื่อสร้างใหม่",
                    en=f"The signing key {path} cannot be read ({problem}): put the file back, or move it away and a new one "
                    "is made.",
                )
            ) from problem
        return cls(key, station)

    @property
    def public_key(self) -> str:
        """The key by which anybody can check, as a C2SP verifier key: name, key id and key."""
        raw = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return f"{self._name}+{_key_id(self._name, raw).hex()}+{base64.b64encode(_ED25519 + raw).decode()}"

    def sign(self, one: Checkpoint) -> str:
        """The checkpoint as a signed note."""
        text = (
            f"{self._name}\n{one.seq}\n{base64.b64encode(bytes.fromhex(one.hash)).decode()}\n"
            f"time {one.at:%Y-%m-%dT%H:%M:%SZ}\nprevious {one.previous or 'none'}\n"
        )
        raw = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        signature = base64.b64encode(_key_id(self._name, raw) + self._key.sign(text.encode())).decode()
        return f"{text}\n{_MARK}{self._name} {signature}\n"


def _write_key(path: Path) -> None:
    made = Ed25519PrivateKey.generate()
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(part, path)  # Of two programs that make one at once, the second takes the first's.
    except FileExistsError:
        pass
    finally:
        part.unlink()
    flush_folder(path.parent)


def _key_id(name: str, raw: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + raw).digest()[:4]


def digest_of(note: str) -> str:
    """By what the next checkpoint names this one."""
    return hashlib.sha256(note.encode()).hexdigest()


def read_checkpoint(note: str, public_key: str) -> Checkpoint:
    """What a signed note says; NotGenuine when it was not signed with this key, or is no checkpoint."""
    text, _, signed = note.rpartition("\n\n")
    said = _BODY.fullmatch(text + "\n")
    if said is None:
        raise NotGenuine("this is not a checkpoint of a Safe Zone station")
    try:
        name, key_id, key = public_key.strip().split("+", 2)
        raw = base64.b64decode(key, validate=True)[1:]
        ours = next(line for line in signed.splitlines() if line.startswith(f"{_MARK}{name} "))
        signature = base64.b64decode(ours.removeprefix(f"{_MARK}{name} "), validate=True)
        if name != f"safezone/{said['station']}" or signature[:4].hex() != key_id:
            raise ValueError("another key")
        Ed25519PublicKey.from_public_bytes(raw).verify(signature[4:], f"{text}\n".encode())
        at = datetime.strptime(said["at"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except (ValueError, StopIteration, InvalidSignature, binascii.Error) as problem:
        raise NotGenuine("it was not signed with this key, or was changed since") from problem
    previous = "" if said["previous"] == "none" else said["previous"]
    return Checkpoint(said["station"], int(said["seq"]), base64.b64decode(said["hash"]).hex(), at, previous)


Agreement = Literal["agrees", "rewritten", "shorter"]
"""`rewritten`: that line has another hash now. `shorter`: the log does not reach so far any more."""


def compare(conn: Connection, station: str, signed: Sequence[Checkpoint]) -> dict[int, Agreement]:
    """By line number: whether the log still is what was signed."""
    hashes: dict[int, str] = {}
    wanted = sorted({one.seq for one in signed})
    for start in range(0, len(wanted), 500):
        lines = select(log.c.seq, log.c.hash).where(
            log.c.station == station, log.c.seq.in_(wanted[start : start + 500])
        )
        hashes |= {row.seq: row.hash for row in conn.execute(lines)}
    found: dict[int, Agreement] = {}
    for one in signed:
        here = hashes.get(one.seq)
        now: Agreement = "shorter" if here is None else "agrees" if here == one.hash else "rewritten"
        if found.get(one.seq, "agrees") == "agrees":
            found[one.seq] = now
    return found


def head_of(conn: Connection, station: str) -> tuple[int, str]:
    """The number and hash of the last line; (0, "") before the first."""
    row = conn.execute(select(station_head).where(station_head.c.station == station)).first()
    return (0, "") if row is None else (row.seq, row.hash)
