"""Families of routes, one file each: its rows for the table of who may do what, and how to make a good request.

A family has `TABLE` (as in `test_permissions`: a heading line, then one line per route), `ROUTES` (made by `routes_in`)
and `prepare(asker, row)`, which answers with arguments for httpx: a request that is good in every way.
"""

from __future__ import annotations

from typing import Any, Protocol

from tests.support.station import REGIONAL


class Family(Protocol):
    """What each file of this folder has."""

    TABLE: str
    ROUTES: frozenset[tuple[str, str]]

    def prepare(self, asker: Any, row: Any) -> dict[str, Any]:
        """A new good request for this row, as arguments for httpx."""


def routes_in(table: str) -> frozenset[tuple[str, str]]:
    """The method and path of each row of a table."""
    lines = (line.split() for line in table.splitlines()[2:] if line)
    return frozenset((method, path) for method, path, *_ in lines)


def with_others(path: str, expected: dict[str, str]) -> dict[str, str]:
    """A tracker gets what a pole gets, which is what everybody gets, and may say where its unit is.

    A commander of scope region gets what a commander gets, and the region.
    """
    tells, region = path in ("/api/v1/positions", "/osmand"), path.startswith("/api/v1/region/")
    return {
        **expected,
        "tracker": "yes" if tells else expected["sos-01"],
        REGIONAL: "yes" if region else expected["commander"],
    }


# Down here, because each of them uses what stands above.
from tests.entrypoints.askers import audit, devices, estate, keys, pages, people, region, setup, zone  # noqa: E402

FAMILIES: tuple[Family, ...] = (audit, devices, estate, keys, pages, people, region, setup, zone)
