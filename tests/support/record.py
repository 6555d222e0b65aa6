"""Reads a station's database directly, for tests that compare what was said with what was really kept."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from tests.support.places import eventually

Kept = Path | str
"""A SQLite file, or the address of a PostgreSQL database."""
Claim = tuple[str | None, datetime | None]
"""What tells one report from another: which SOS point sent it (None: nobody's), and what its clock said."""


class Line(NamedTuple):
    """One line of the log."""

    seq: int
    kind: str
    subject: str
    data: dict[str, Any]


def read_log(database: Kept) -> list[Line]:
    """Every line of the log, in order. The station may be running."""
    rows = _read(database, "SELECT seq, kind, subject, data FROM log ORDER BY seq")
    return [Line(seq, kind, subject, json.loads(data)) for seq, kind, subject, data in rows]


def head_of(database: Kept) -> int:
    """The number of the last line of the log."""
    return int(_read(database, "SELECT max(seq) FROM log")[0][0])


def count_reports(database: Kept, sos_points: Iterable[str]) -> int:
    """How many reports of these SOS points are kept."""
    counted = dict(_read(database, "SELECT sos_point, count(*) FROM report GROUP BY sos_point"))
    return sum(counted.get(point, 0) for point in sos_points)


def list_reports(log: Iterable[Line]) -> list[tuple[Claim, dict[str, Any]]]:
    """Every report that was received, with its claim."""
    return [(_claim_of(line.data), line.data) for line in log if line.kind == "report_received"]


def count_claims(log: Iterable[Line]) -> Counter[Claim]:
    """How often each claim is in the log; anything but once is a mistake."""
    return Counter(claim for claim, _ in list_reports(log))


def _claim_of(report: dict[str, Any]) -> Claim:
    claimed_at = report.get("claimed_at")
    return report.get("sos_point"), datetime.fromisoformat(claimed_at) if claimed_at else None


def list_fixes(database: Kept) -> Counter[tuple[str, datetime]]:
    """How often each position is kept, by unit and by the time that it claims."""
    rows = _read(database, "SELECT unit_id, claimed_us FROM position")
    return Counter((unit, datetime.fromtimestamp(us / 1e6, UTC)) for unit, us in rows)


def _read(database: Kept, query: str) -> list[Any]:
    if isinstance(database, str):
        return eventually(lambda: _ask_server(database, query))[0]
    return eventually(lambda: _ask_file(database, query))[0]


def _ask_file(database: Path, query: str) -> list[list[Any]]:
    """The rows, as the only thing in a list; nothing while whoever was started again puts the file in order."""
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as conn:
            return [conn.execute(query).fetchall()]
    except sqlite3.OperationalError as problem:
        if problem.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_CANTOPEN):
            raise
        return []


def _ask_server(database: str, query: str) -> list[list[Any]]:
    """The rows, as the only thing in a list; nothing while the server is away: it may just have been killed."""
    try:
        with psycopg.connect(database.replace("+psycopg", "")) as server:
            return [server.execute(query.encode()).fetchall()]
    except psycopg.OperationalError:
        return []
