"""Brings a database to the tables of this version, and refuses one that was written by a newer version."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from safezone.core.db import Database
from safezone.core.errors import CannotStart
from safezone.core.i18n import Words

OLDEST_POSTGRESQL: Final = 14


def prepare(database: Database, migrations: Path) -> None:
    """The database has the tables of this version; CannotStart when it belongs to a newer one or cannot be opened."""
    try:
        _prepare(database, migrations)
    except DBAPIError as problem:
        why = " ".join(str(problem.orig).split())
        if database.is_sqlite:
            words = Words(
                th=f"เปิดฐานข้อมูล {database.shown} ไม่ได้ ({why}): ตรวจสิทธิ์ พื้นที่ดิสก์ หรือใช้สำเนาสำรอง",
                en=f"The database {database.shown} cannot be opened ({why}): "
                "check its permissions and the disk's space, or use a backup.",
            )
        else:
            words = Words(
                th=f"เปิดฐานข้อมูล {database.shown} ไม่ได้ ({why}): ตรวจ database_url รหัสผ่าน และว่าเซิร์ฟเวอร์ทำงานอยู่",
                en=f"The database {database.shown} cannot be opened ({why}): "
                "check database_url, the password, and that the server runs.",
            )
        raise CannotStart(words) from problem


def _prepare(database: Database, migrations: Path) -> None:
    known = sorted(path.name.split("_")[0] for path in (migrations / "versions").glob("[0-9]*.py"))
    with database.write_connection() as conn:
        if not database.is_sqlite:
            _check_server(conn)
        current = _current(conn)
    if current == known[-1]:
        return
    if current is not None and current not in known:
        raise CannotStart(
            Words(
                th=f"ข้อมูลนี้เขียนโดยโปรแกรมรุ่นใหม่กว่า (โครงสร้าง {current}, รุ่นนี้รู้จักถึง {known[-1]}): ให้ใช้โปรแกรมรุ่นใหม่",
                en=f"This data was written by a newer version (schema {current}; this one knows up to {known[-1]}): "
                "use the newer program.",
            )
        )
    _upgrade(database, migrations)


def _current(conn: Connection) -> str | None:
    if not inspect(conn).has_table("alembic_version"):
        return None
    return conn.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _check_server(conn: Connection) -> None:
    version = int(conn.exec_driver_sql("SHOW server_version_num").scalar_one())
    encoding = conn.exec_driver_sql("SHOW server_encoding").scalar_one()
    if version < OLDEST_POSTGRESQL * 10_000 or encoding != "UTF8":
        raise CannotStart(
            Words(
                th=f"ต้องใช้ PostgreSQL {OLDEST_POSTGRESQL} ขึ้นไปและฐานข้อมูลแบบ UTF8 (ที่พบ: {version // 10_000}, {encoding})",
                en=f"PostgreSQL {OLDEST_POSTGRESQL} or newer and a database in UTF8 are needed "
                f"(found: {version // 10_000}, {encoding}).",
            )
        )
    if conn.exec_driver_sql("SHOW fsync").scalar_one() == "off":
        logging.getLogger("safezone.schema").warning(
            "fsync is off in PostgreSQL: after a power cut, reports that were confirmed may be gone"
        )


def _upgrade(database: Database, migrations: Path) -> None:
    logging.getLogger("alembic").setLevel(logging.WARNING)
    # Imported here: a start with nothing to migrate should not pay for it.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(migrations))
    with database.write_connection() as conn, conn.begin():
        if not database.is_sqlite:
            # Two programs that start at once on an empty database: the second finds the tables made.
            conn.exec_driver_sql("SELECT pg_advisory_xact_lock(7233701)")
        config.attributes["connection"] = conn
        command.upgrade(config, "head")
