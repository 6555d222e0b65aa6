"""Backups: the whole record of one moment in one encrypted file, beside a manifest that says what is in it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from safezone import __version__
from safezone.core.archive import Counting, Member, member_of, write_archive
from safezone.core.db import Database
from safezone.core.depot import Depot
from safezone.core.errors import CannotStart
from safezone.core.i18n import Words
from safezone.core.keyring import KeyFile, Keyring, MasterKey
from safezone.core.snapshot import HeadOf, schema_of, take_snapshot

DATABASE: Final = "safezone.db"
MASTER_KEY: Final = "master.key"
MANIFEST: Final = ".manifest.json"
ARCHIVE: Final = ".tar.age"


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup is. It lies in plain beside the archive and names no person; `made_at` is UTC."""

    format: int = 1
    name: str
    made_at: datetime
    version: str
    schema: str
    heads: list[HeadOf]
    members: list[Member]
    archive: Member
    recipients: list[str]
    master_key: str = "none"
    """The id of the master key without which sealed content cannot be read, or `none`."""
    master_key_inside: bool = False
    """Whether that key lies in the archive, sealed to the same recipients."""


def make_backup(
    database: Database,
    more: Sequence[tuple[str, Path]],
    depot: Depot,
    recipients: Sequence[str],
    now: datetime,
    scratch: Path,
    *,
    keyring: Keyring | None = None,
    with_master_key: bool = True,
) -> Manifest:
    """A new backup of the database and the files `more` (name in the archive, path) lies in the depot, whole.

    The station may go on writing. `scratch` is a folder of our own, on a disk with room for a second copy of the
    database. CannotStart when there is nobody to seal it for, or no station in the database.
    """
    if not recipients:
        raise CannotStart(
            Words(
                th="ต้องระบุผู้รับ (--recipient age1…): สำเนาสำรองไม่เขียนโดยไม่เข้ารหัส",
                en="Say for whom it is sealed (--recipient age1…): a backup is never written in plain.",
            )
        )
    copy, key_copy = scratch / DATABASE, scratch / MASTER_KEY
    keys = _keys_in(keyring)
    heads = take_snapshot(database, copy)
    # Read before and after: a rotation in between must not leave the copy without the key that it needs.
    keys |= _keys_in(keyring)
    try:
        if not heads:
            raise CannotStart(Words(th="ยังไม่มีสถานีในฐานข้อมูลนี้", en="There is no station in this database yet."))
        copy.chmod(0o600)
        if keys and with_master_key:
            Keyring(key_copy).write(KeyFile(list(keys)[-1], list(keys.values())))
        inside = [(MASTER_KEY, key_copy), *more]
        files = [(DATABASE, copy), *((name, path) for name, path in inside if path.exists())]
        members = [member_of(name, path) for name, path in files]
        name = f"{heads[0].station}-{heads[0].seq:010d}-{now:%Y%m%dT%H%M%SZ}"
        with depot.store(f"{name}{ARCHIVE}") as out:
            counting = Counting(out)
            write_archive(files, recipients, counting)
        manifest = Manifest(
            name=name,
            made_at=now,
            version=__version__,
            schema=schema_of(copy),
            heads=heads,
            members=members,
            archive=Member(f"{name}{ARCHIVE}", counting.bytes, counting.sha256),
            recipients=list(recipients),
            master_key=list(keys)[-1] if keys else "none",
            master_key_inside=key_copy.exists(),
        )
        # Last: a backup without its manifest is one that was never finished.
        with depot.store(f"{name}{MANIFEST}") as out:
            out.write(msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")
    finally:
        copy.unlink(missing_ok=True)
        key_copy.unlink(missing_ok=True)
    return manifest


def _keys_in(keyring: Keyring | None) -> dict[str, MasterKey]:
    """The master keys in the file by id, the current one last; none where there is no file."""
    if keyring is None or not keyring.exists():
        return {}
    content = keyring.read()
    return {key.id: key for key in sorted(content.keys, key=lambda key: key.id == content.current)}


def list_backups(depot: Depot) -> list[str]:
    """The names of all finished backups, the oldest first."""
    names = [each.removesuffix(MANIFEST) for each in depot.list() if each.endswith(MANIFEST)]
    return sorted(names, key=lambda name: name.rsplit("-", 1)[-1])


def read_manifest(depot: Depot, name: str) -> Manifest:
    """What the manifest of a backup says; CannotStart when it cannot be read."""
    try:
        with depot.open(f"{name}{MANIFEST}") as file:
            return msgspec.json.decode(file.read(), type=Manifest)
    except (OSError, msgspec.DecodeError) as problem:
        raise CannotStart(
            Words(
                th=f"อ่านรายการสำเนาสำรอง {name} ไม่ได้: {problem}",
                en=f"The manifest of {name} cannot be read: {problem}",
            )
        ) from problem


def prune(depot: Depot, station: str, keep: int) -> tuple[list[str], list[str]]:
    """Only the newest `keep` backups of the station stay; returns those that stayed and those that went."""
    ours = [name for name in list_backups(depot) if name.rsplit("-", 2)[0] == station]
    gone, kept = ours[:-keep], ours[-keep:]
    for name in gone:
        # The manifest first: what is half removed is not a backup any more.
        depot.remove(f"{name}{MANIFEST}")
        depot.remove(f"{name}{ARCHIVE}")
    return kept, gone
