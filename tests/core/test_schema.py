"""The database on disk has the tables that the code declares, and one of a newer program is left alone."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from safezone.core.db import Database, metadata
from safezone.core.errors import CannotStart
from safezone.core.schema import prepare
from safezone.core.settings import Settings
from safezone.entrypoints.house import MIGRATIONS, DataFolder
from safezone.main import wire


@pytest.fixture
def database(tmp_path: Path) -> Database:
    """A migrated database."""
    wire(Settings())  # Every table is declared by now.
    database = Database.at(tmp_path / "safezone.db")
    prepare(database, MIGRATIONS)
    return database


def test_the_migrations_make_the_tables_that_are_declared(database: Database) -> None:
    with database.write_connection() as conn, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SQLite cannot tell everything about its indexes.
        context = MigrationContext.configure(
            conn, opts={"compare_type": True, "compare_server_default": True}
        )
        differences = compare_metadata(context, metadata)
        tables = set(inspect(conn).get_table_names())
    assert not differences
    assert tables == set(metadata.tables) | {"alembic_version"}
    database.close()


def test_every_table_begins_with_the_station_and_says_where_its_truth_lies() -> None:
    wire(Settings())
    for table in metadata.sorted_tables:
        assert next(iter(table.primary_key.columns)).name == "station", table.name
        assert table.info["source"] in ("record", "log", "vault", "telemetry", "door"), table.name


def test_preparing_twice_changes_nothing(database: Database) -> None:
    with database.write_connection() as conn:
        before = conn.exec_driver_sql("SELECT name, sql FROM sqlite_master ORDER BY name").all()
        pages = conn.exec_driver_sql("PRAGMA schema_version").scalar()
    prepare(database, MIGRATIONS)
    with database.write_connection() as conn:
        assert conn.exec_driver_sql("SELECT name, sql FROM sqlite_master ORDER BY name").all() == before
        assert conn.exec_driver_sql("PRAGMA schema_version").scalar() == pages
    database.close()


def test_a_database_of_a_newer_program_is_refused_and_left_alone(database: Database) -> None:
    with database.write_connection() as conn, conn.begin():
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(CannotStart) as refused:
        prepare(database, MIGRATIONS)
    assert "newer version (schema 9999" in refused.value.words.en
    assert "รุ่นใหม่กว่า" in refused.value.words.th
    with database.write_connection() as conn:
        assert conn.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == "9999"
    database.close()


def test_a_file_that_is_no_database_is_told_in_one_line(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    folder.make()
    folder.database_file.write_bytes(b"this is not a database, and long enough to say so\n" * 100)
    with pytest.raises(CannotStart) as refused:
        folder.open_database(Settings())
    assert "safezone.db" in refused.value.words.en


def test_a_second_program_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    first, second = DataFolder(tmp_path), DataFolder(tmp_path)
    first.make()
    first.lock()
    with pytest.raises(CannotStart, match="Another safezone is working in"):
        second.lock()
    first.unlock()
    second.lock()
    second.unlock()


def test_a_data_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    in_the_way = tmp_path / "a-file"
    in_the_way.write_text("not a folder")
    with pytest.raises(CannotStart, match="cannot be written"):
        DataFolder(in_the_way).make()


def test_a_reading_connection_cannot_write(database: Database) -> None:
    from sqlalchemy.exc import OperationalError

    with pytest.raises(OperationalError, match="readonly"), database.read() as conn:
        conn.exec_driver_sql("DELETE FROM log")
    database.close()


def test_a_reader_sees_one_moment(database: Database) -> None:
    with database.read() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM station_head").scalar() == 0
        with database.write_connection() as writer, writer.begin():
            writer.exec_driver_sql("INSERT INTO station_head VALUES ('mdh', 1, 'x')")
        assert conn.exec_driver_sql("SELECT count(*) FROM station_head").scalar() == 0
    with database.read() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM station_head").scalar() == 1
    database.close()


def test_what_is_written_is_on_disk_before_the_commit_returns(database: Database) -> None:
    """`synchronous=FULL` (2) and write-ahead logging: what promise 1 stands on."""
    with database.write_connection() as conn:
        assert conn.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert conn.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert conn.exec_driver_sql("PRAGMA secure_delete").scalar() == 1
    database.close()
