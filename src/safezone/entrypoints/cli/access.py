"""`safezone access`: who came in, who was refused, and who looked at what, without the program having to run."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import SQLAlchemyError

from safezone.core.errors import CannotStart
from safezone.core.i18n import Words
from safezone.entrypoints.access import AccessEntry, list_entries, list_from_region, newest_of
from safezone.entrypoints.house import DataFolder, open_folder, served_of
from safezone.zone.queries import list_stations

if TYPE_CHECKING:
    import argparse

    from safezone.entrypoints.cli.parsing import Wire

_NO_DATABASE: Final = Words(
    th="อ่านฐานข้อมูลไม่ได้ จึงไม่แสดงการดูจากหน่วยเหนือของภูมิภาค: ตรวจด้วย safezone doctor",
    en="The database cannot be read, so looks from the seat of the region are not shown: see safezone doctor.",
)


def run_access(args: argparse.Namespace, _wire: Wire) -> int:
    """Prints the last entries, the newest last, one a line."""
    here = list_entries(DataFolder(args.data).access, args.limit, None, args.actor, args.about)
    for entry in reversed(newest_of(args.limit, here, _from_region(args))):
        about = " ".join(f"{name}={value}" for name, value in entry.about.items())
        print(
            f"{entry.at:%Y-%m-%d %H:%M:%S}Z {entry.what:<20} {entry.actor:<24} {entry.address:<15} "
            f"{entry.status} {entry.path} {about}".rstrip()
        )
    return 0


def _from_region(args: argparse.Namespace) -> list[AccessEntry]:
    """What the seat of the region has looked at: it stands in the database, not in the files of this folder.

    Without the database the files are shown all the same, and it is said what is missing.
    """
    try:
        folder, settings = open_folder(args.data)
        database = folder.database_as_it_is(settings)
        try:
            with database.read() as conn:
                station = served_of(list_stations(conn), settings)
                return (
                    []
                    if station is None
                    else list_from_region(conn, station, args.limit, args.actor, args.about)
                )
        finally:
            database.close()
    except (CannotStart, SQLAlchemyError) as problem:
        said = problem.words if isinstance(problem, CannotStart) else _NO_DATABASE
        print(said, file=sys.stderr)
        return []
