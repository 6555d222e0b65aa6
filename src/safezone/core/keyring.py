"""The station's master key: it wraps the key of every sealed record, and lies in a file outside the database."""

from __future__ import annotations

import base64
import logging
import os
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from safezone.core.durable import write_durably
from safezone.core.errors import CannotStart
from safezone.core.i18n import Words

logger = logging.getLogger("safezone.keyring")
_MARK: Final = b"\x01"
_ID_BYTES: Final = 8
_NONCE_BYTES: Final = 12
PLAIN_BYTES: Final = 32
"""A record's key that nobody has wrapped is so long."""
WRAPPED_BYTES: Final = len(_MARK) + _ID_BYTES + _NONCE_BYTES + PLAIN_BYTES + 16


class MasterKey(msgspec.Struct, frozen=True):
    """One master key: `id` (hex) stands in front of whatever it wraps, `key` is base64."""

    id: str
    key: str
    made_at: datetime


class KeyFile(msgspec.Struct, frozen=True):
    """What lies in the file: the key that wraps now, and during a rotation also the one before it.

    `complete` is False until everything in the database is wrapped by the current one.
    """

    current: str
    keys: list[MasterKey]
    complete: bool = False


def new_key() -> MasterKey:
    """A new random master key."""
    key = base64.b64encode(os.urandom(32)).decode()
    return MasterKey(secrets.token_hex(_ID_BYTES), key, datetime.now(UTC))


CHECK_REF: Final = "master-key-check"
"""One record that the master key wraps in every database, of no station: by it a foreign key is noticed."""


class Keyring:
    """The master keys in one file; read again when the file is another one, so that a rotation needs no new start."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, int] | None = None
        self._ciphers: dict[bytes, ChaCha20Poly1305] = {}
        self._current = b""

    @classmethod
    def create(cls, path: Path) -> Keyring:
        """A ring with one new key, in a file that was not there."""
        made = new_key()
        _write(path, KeyFile(made.id, [made]))
        return cls(path)

    def exists(self) -> bool:
        """Whether the file is there."""
        return self.path.exists()

    def read(self) -> KeyFile:
        """What the file says; CannotStart when it cannot be read."""
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=KeyFile)
        except (OSError, msgspec.DecodeError) as problem:
            raise CannotStart(
                Words(
                    th=f"อ่านกุญแจหลัก {self.path} ไม่ได้ ({problem}): คืนไฟล์จากสำเนาสำรอง",
                    en=f"The master key {self.path} cannot be read ({problem}): put the file back, or restore a backup.",
                )
            ) from problem

    def write(self, content: KeyFile) -> None:
        """The file says this from now on, on disk; whoever holds the ring open notices."""
        _write(self.path, content)

    def is_current(self, stored: bytes) -> bool:
        """Whether a stored key is wrapped by the current master key."""
        self._refresh()
        return len(stored) == WRAPPED_BYTES and stored[1 : 1 + _ID_BYTES] == self._current

    def wrap(self, ref: str, key: bytes) -> bytes:
        """The record's key as it is stored: mark, id of the master key, nonce, box (ChaCha20-Poly1305)."""
        self._refresh()
        nonce = os.urandom(_NONCE_BYTES)
        return _MARK + self._current + nonce + self._ciphers[self._current].encrypt(nonce, key, ref.encode())

    def unwrap(self, ref: str, stored: bytes) -> bytes | None:
        """The record's key; None when its master key is not in the file or it was changed."""
        if len(stored) == PLAIN_BYTES:
            return stored
        head = 1 + _ID_BYTES
        cipher = self._ciphers.get(stored[1:head])
        if cipher is None:
            self._refresh()
            cipher = self._ciphers.get(stored[1:head])
        if cipher is None or stored[:1] != _MARK:
            return None
        try:
            return cipher.decrypt(
                stored[head : head + _NONCE_BYTES], stored[head + _NONCE_BYTES :], ref.encode()
            )
        except (InvalidTag, ValueError):
            return None

    def _refresh(self) -> None:
        try:
            status = self.path.stat()
        except OSError:
            if self._ciphers:
                return  # The medium was taken out: what is in memory goes on, the next start will say so.
            raise
        seen = (status.st_ino, status.st_mtime_ns)
        if seen == self._seen:
            return
        content = self.read()
        # Old ones stay known here: a reader may be in the middle of something.
        self._ciphers |= {
            bytes.fromhex(each.id): ChaCha20Poly1305(base64.b64decode(each.key)) for each in content.keys
        }
        self._current, self._seen = bytes.fromhex(content.current), seen


def _write(path: Path, content: KeyFile) -> None:
    write_durably(path, msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n")
