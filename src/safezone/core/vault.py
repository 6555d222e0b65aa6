"""The vault: names, telephone numbers, free text, photos and a citizen's exact place, each sealed under its own key.

The keys are wrapped by the station's master key, which lies outside the database (`core/keyring.py`).

Deleting a key deletes the content for good (crypto-shredding): the log that refers to it stays whole.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
from collections.abc import Iterable, Sequence
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    LargeBinary,
    String,
    bindparam,
    exists,
    select,
)

from safezone.core.db import keyring_of, table
from safezone.core.event import Sealed
from safezone.core.ids import new_id
from safezone.core.keyring import Keyring

logger = logging.getLogger("safezone.vault")
AT_ONCE: Final = 500

sealed = table(
    "sealed",
    Column("station", String(32), primary_key=True),
    Column("ref", String(36), primary_key=True),
    Column("sort", String(24), nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("nonce", LargeBinary, nullable=False),
    Column("box", LargeBinary, nullable=False),
    source="vault",
)

sealed_key = table(
    "sealed_key",
    Column("station", String(32), primary_key=True),
    Column("ref", String(36), primary_key=True),
    Column("key", LargeBinary, nullable=False),
    source="vault",
)

_OPEN: Final = (
    select(sealed.c.ref, sealed.c.nonce, sealed.c.box, sealed_key.c.key)
    .join(sealed_key, (sealed_key.c.station == sealed.c.station) & (sealed_key.c.ref == sealed.c.ref))
    .where(sealed.c.station == bindparam("of_station"), sealed.c.ref.in_(bindparam("refs", expanding=True)))
)


def seal(conn: Connection, station: str, content: bytes, sort: str, at_us: int) -> Sealed:
    """The content lies in the vault under a new key (ChaCha20-Poly1305); what comes back may stand in the log."""
    ref, key, nonce = new_id(), os.urandom(32), os.urandom(12)
    box = ChaCha20Poly1305(key).encrypt(nonce, content, ref.encode())
    conn.execute(
        sealed.insert(),
        {"station": station, "ref": ref, "sort": sort, "at_us": at_us, "nonce": nonce, "box": box},
    )
    ring = keyring_of(conn)
    kept = key if ring is None else ring.wrap(ref, key)
    conn.execute(sealed_key.insert(), {"station": station, "ref": ref, "key": kept})
    return Sealed(ref, _digest(key, content))


def _digest(key: bytes, content: bytes) -> str:
    return hmac.new(key, content, hashlib.sha256).hexdigest()


def open_many(conn: Connection, station: str, refs: Iterable[str | None]) -> dict[str, bytes]:
    """The content of each reference whose key still exists; shredded and damaged ones are simply not there."""
    wanted = sorted({ref for ref in refs if ref})
    if not wanted:
        return {}
    found, ring = {}, keyring_of(conn)
    for row in conn.execute(_OPEN, {"of_station": station, "refs": wanted}):
        content = _open(row, _key_in(row, ring))
        if content is None:
            # One damaged record must not take a whole screen with it; `safezone verify` names it.
            logger.error("what is sealed under %s was changed and is not shown", row.ref)
        else:
            found[row.ref] = content
    return found


def _key_in(row: Any, ring: Keyring | None) -> bytes | None:
    """The record's own key; None when its master key is not here."""
    return bytes(row.key) if ring is None else ring.unwrap(row.ref, bytes(row.key))


def _open(row: Any, key: bytes | None) -> bytes | None:
    """The content, or None when box, nonce or key are not those with which it was sealed."""
    if key is None:
        return None
    try:
        return ChaCha20Poly1305(key).decrypt(row.nonce, row.box, row.ref.encode())
    except (InvalidTag, ValueError):
        return None


def list_forged(conn: Connection, station: str, seals: Sequence[Sealed]) -> list[Sealed]:
    """Those whose content is not what was sealed when the log was written; shredded ones cannot be compared."""
    digests = {one.ref: one.digest for one in seals}
    refs = sorted(digests)
    forged, ring = [], keyring_of(conn)
    for start in range(0, len(refs), AT_ONCE):
        asked = {"of_station": station, "refs": refs[start : start + AT_ONCE]}
        for row in conn.execute(_OPEN, asked):
            key = _key_in(row, ring)
            content = _open(row, key)
            if key is None or content is None or _digest(key, content) != digests[row.ref]:
                forged.append(Sealed(row.ref, digests[row.ref]))
    return forged


def find_text(conn: Connection, station: str, ref: str | None) -> str | None:
    """The text behind one reference; None when there is none or its key was deleted."""
    content = open_many(conn, station, [ref]).get(ref or "")
    return None if content is None else content.decode()


def is_kept(station: ColumnElement[str], ref: ColumnElement[Any]) -> ColumnElement[bool]:
    """For a query: whether what the column `ref` names was not erased yet."""
    return exists().where(sealed.c.station == station, sealed.c.ref == ref)


def erase(conn: Connection, station: str, refs: Sequence[str]) -> int:
    """Keys and boxes of all these references are gone; how many records there were."""
    gone = 0
    for start in range(0, len(refs), AT_ONCE):
        some = refs[start : start + AT_ONCE]
        keys = (sealed_key.c.station == station) & sealed_key.c.ref.in_(some)
        conn.execute(sealed_key.delete().where(keys))
        boxes = (sealed.c.station == station) & sealed.c.ref.in_(some)
        gone += conn.execute(sealed.delete().where(boxes)).rowcount
    return gone


def count_kept(conn: Connection, station: str, refs: Sequence[str]) -> int:
    """Of how many of these references something is still there, the key or the box."""
    found = set[str]()
    for start in range(0, len(refs), AT_ONCE):
        some = refs[start : start + AT_ONCE]
        for kept in (sealed, sealed_key):
            asked = select(kept.c.ref).where(kept.c.station == station, kept.c.ref.in_(some))
            found |= {row.ref for row in conn.execute(asked)}
    return len(found)


def shred(conn: Connection, station: str, ref: str) -> bool:
    """The key is gone and with it the content; False when it was gone before."""
    done = conn.execute(sealed_key.delete().where(sealed_key.c.station == station, sealed_key.c.ref == ref))
    return bool(done.rowcount)
