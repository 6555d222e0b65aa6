"""`safezone access`: who came in, who was refused, and who looked at what, without the program having to run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safezone.entrypoints.access import list_entries
from safezone.entrypoints.house import DataFolder

if TYPE_CHECKING:
    import argparse

    from safezone.entrypoints.cli.parsing import Wire


def run_access(args: argparse.Namespace, _wire: Wire) -> int:
    """Prints the last entries, the newest last, one a line."""
    found = list_entries(DataFolder(args.data).access, args.limit, None, args.actor, args.about)
    for entry in reversed(found):
        about = " ".join(f"{name}={value}" for name, value in entry.about.items())
        print(
            f"{entry.at:%Y-%m-%d %H:%M:%S}Z {entry.what:<20} {entry.actor:<24} {entry.address:<15} "
            f"{entry.status} {entry.path} {about}".rstrip()
        )
    return 0
