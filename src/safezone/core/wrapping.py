"""Brings every record's key under the current master key: at the first start, and when the master key is changed."""

from __future__ import annotations

import os
from typing import Final

from sqlalchemy import Connection, bindparam, func, select

from safezone.core.db import Database, upsert
from safezone.core.errors import CannotStart
from safezone.core.i18n import Words
from safezone.core.keyring import CHECK_REF, PLAIN_BYTES, KeyFile, Keyring, new_key
from safezone.core.log import Head
from safezone.core.rebuild import list_stations
from safezone.core.vault import sealed_key

AT_ONCE: Final = 500
_CHECK: Final = select(sealed_key.c.key).where(sealed_key.c.station == "", sealed_key.c.ref == CHECK_REF)

_NEXT: Final = (
    select(sealed_key.c.ref, sealed_key.c.key)
    .where(
        sealed_key.c.station == bindparam("of_station"),
        sealed_key.c.ref > bindparam("after"),
        sealed_key.c.ref <= bindparam("end"),
    )
    .order_by(sealed_key.c.ref)
    .limit(AT_ONCE)
)
_LAST: Final = select(func.max(sealed_key.c.ref)).where(sealed_key.c.station == bindparam("of_station"))
_PUT: Final = (
    sealed_key.update()
    .where(sealed_key.c.station == bindparam("of_station"), sealed_key.c.ref == bindparam("of_ref"))
    .values(key=bindparam("new_key"))
)


def attach(database: Database, keyring: Keyring) -> None:
    """The database's sealed content is opened and sealed with this ring, which is made where there is none yet.

    CannotStart when the database belongs to another master key, or to one whose file is not there.
    """
    with database.read() as conn:
        check = conn.execute(_CHECK).scalar()
    if not keyring.exists():
        if check is not None:
            raise CannotStart(
                Words(
                    th=f"ไม่พบกุญแจหลัก {keyring.path}: ต่อสื่อที่เก็บกุญแจ หรือนำมาจากสำเนาสำรอง หากไม่มีกุญแจนี้จะอ่านข้อมูลส่วนบุคคลไม่ได้",
                    en=f"The master key {keyring.path} is not there: attach the medium that it lies on, or take it from a "
                    "backup. Without it no personal content can be read.",
                )
            )
        Keyring.create(keyring.path)
    if check is None:
        row = {"station": "", "ref": CHECK_REF, "key": keyring.wrap(CHECK_REF, os.urandom(PLAIN_BYTES))}
        with database.write_connection() as conn, conn.begin():
            conn.execute(upsert(sealed_key, conn).values(row).on_conflict_do_nothing())
            check = conn.execute(_CHECK).scalar_one()
    if keyring.unwrap(CHECK_REF, bytes(check)) is None:
        raise CannotStart(
            Words(
                th=f"กุญแจหลัก {keyring.path} ไม่ใช่ของฐานข้อมูลนี้: ใช้ไฟล์ที่ถูกต้องจากสำเนาสำรอง",
                en=f"The master key {keyring.path} is not that of this database: use the right file, from a backup.",
            )
        )
    database.keyring = keyring
    if not keyring.read().complete:
        wrap_all(database, keyring)


def wrap_all(database: Database, keyring: Keyring) -> int:
    """Every key that is not wrapped by the current master key is; how many there were. What is done twice does no harm.

    Then the file forgets all other master keys, so that nothing wrapped by them can be read any more.
    """
    done = 0
    with database.read() as conn:
        stations = ["", *list_stations(conn)]
    for station in stations:
        after, end = "", None
        while True:
            with database.write_connection() as conn, conn.begin():
                # With the head locked nobody seals: whoever does so afterwards has seen the new key.
                if station:
                    Head.lock(conn, station)
                if end is None:
                    # What is sealed from now on is under the new key: a station that never rests is no race.
                    end = conn.execute(_LAST, {"of_station": station}).scalar() or ""
                last, changed = _wrap_some(conn, keyring, station, after, end)
            done += changed
            if last is None:
                break
            after = last
    content = keyring.read()
    only = [each for each in content.keys if each.id == content.current]
    if done and database.is_sqlite:
        database.empty_journal()
    keyring.write(KeyFile(content.current, only, complete=True))
    return done


def _wrap_some(
    conn: Connection, keyring: Keyring, station: str, after: str, end: str
) -> tuple[str | None, int]:
    rows = conn.execute(_NEXT, {"of_station": station, "after": after, "end": end}).all()
    changed = []
    for row in rows:
        if keyring.is_current(row.key):
            continue
        key = keyring.unwrap(row.ref, row.key)
        if key is None:
            raise CannotStart(
                Words(
                    th=f"กุญแจของข้อมูลปิดผนึก {row.ref} เปิดด้วยกุญแจหลักที่มีไม่ได้: ไม่มีสิ่งใดถูกลบ",
                    en=f"The key of the sealed record {row.ref} is not opened by any master key that is here: "
                    "nothing was removed.",
                )
            )
        changed.append({"of_station": station, "of_ref": row.ref, "new_key": keyring.wrap(row.ref, key)})
    if changed:
        conn.execute(_PUT, changed)
    return (rows[-1].ref if rows else None), len(changed)


def rotate(database: Database, keyring: Keyring) -> tuple[str, int]:
    """A new master key wraps everything, and the old one is gone from the file; its id and how many keys it wraps.

    Broken off and run again, it goes on with the key that it had made.
    """
    content = keyring.read()
    if content.complete:
        made = new_key()
        content = KeyFile(made.id, [*content.keys, made])
        keyring.write(content)
    return content.current, wrap_all(database, keyring)
