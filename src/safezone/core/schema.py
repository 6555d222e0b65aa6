"""Brings a database to the tables of this version, and refuses one that was written by a newer version."""

from __future__ import annotations

import logging
from pathlib import Path

from sqlalchemy import Connection, inspect, make_url, text
from sqlalchemy.exc import DBAPIError

from safezone.core.db import Database
from safezone.core.errors import CannotStart
from safezone.core.i18n import Words


def prepare(database: Database, migrations: Path) -> None:
    """The database has the tables of this version; CannotStart when it belongs to a newer one or cannot be opened."""
    try:
        _prepare(database, migrations)
    except DBAPIError as problem:
        shown = make_url(database.url).render_as_string(hide_password=True)
        raise CannotStart(
            Words(
                th=f"เปิดฐานข้อมูล {shown} ไม่ได้ ({problem.orig}): ตรวจสิทธิ์ พื้นที่ดิสก์ หรือใช้สำเนาสำรอง",
                en=f"The database {shown} cannot be opened ({problem.orig}): "
                "check its permissions and the disk's space, or use a backup.",
            )
        ) from problem


def _prepare(database: Database, migrations: Path) -> None:
    known = sorted(path.name.split("_")[0] for path in (migrations / "versions").glob("[0-9]*.py"))
    with database.write_connection() as conn:
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


def _upgrade(database: Database, migrations: Path) -> None:
    logging.getLogger("alembic").setLevel(logging.WARNING)
    # Imported here: a start with nothing to migrate should not pay for it.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(migrations))
    with database.write_connection() as conn, conn.begin():
        config.attributes["connection"] = conn
        command.upgrade(config, "head")
