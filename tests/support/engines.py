"""Both engines for whatever keeps something: a test of a station runs once on SQLite and once on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal

import pytest

from safezone.core.db import Database, metadata
from tests.support import postgres

EngineName = Literal["sqlite", "postgresql"]
ENGINES: Final[tuple[EngineName, ...]] = ("sqlite", "postgresql")


class _Now:
    """Which engine the running test is about, and which database stands for which folder."""

    engine: EngineName = "sqlite"
    kept: dict[Path, str] = {}  # noqa: RUF012 - one table for the whole run


def database_url(folder: Path, template: Callable[[], str] = postgres.empty_template) -> str:
    """`database_url` for the station in `folder` on the engine of the running test: empty for SQLite.

    The same folder has the same database until the test ends. `template` names the database to copy.
    """
    if _Now.engine == "sqlite":
        return ""
    if folder not in _Now.kept:
        _Now.kept[folder] = postgres.server().create(template())
    return postgres.server().url(_Now.kept[folder])


def open_database(folder: Path, file: str) -> Database:
    """The database of `folder` on the engine of the running test, with every table."""
    url = database_url(folder)
    if url:
        return Database(url)
    database = Database.at(folder / file)
    with database.write_connection() as conn, conn.begin():
        metadata.create_all(conn)
    return database


def bytes_on_disk(folder: Path) -> bytes:
    """Everything that is kept for the station in `folder`, as it lies in files."""
    files = folder
    if _Now.engine == "postgresql":
        files = postgres.server().files_of(_Now.kept[folder])
    return b"".join(read_files(files.iterdir()).values())


def read_files(paths: Iterable[Path]) -> dict[Path, bytes]:
    """What is in these files; one that its owner has taken away meanwhile is in none."""
    found: dict[Path, bytes] = {}
    for each in sorted(paths):
        with suppress(FileNotFoundError):
            if each.is_file():
                found[each] = each.read_bytes()
    return found


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[EngineName]:
    """The engine that stations opened from now on are kept by; a test or fixture that asks for it runs on both."""
    _Now.engine = request.param
    yield _Now.engine
    _Now.engine = "sqlite"
    _forget(set(_Now.kept))


@pytest.fixture(autouse=True)
def _forget_databases(request: pytest.FixtureRequest) -> Iterator[None]:
    """What a test made is gone after it, what its module shares stays; who does not ask for an engine has SQLite."""
    before, around = set(_Now.kept), _Now.engine
    if "engine" not in request.fixturenames:
        _Now.engine = "sqlite"
    yield
    _Now.engine = around
    _forget(set(_Now.kept) - before)


def _forget(folders: set[Path]) -> None:
    for folder in folders:
        postgres.server().drop(_Now.kept.pop(folder))
