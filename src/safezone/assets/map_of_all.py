"""The map of very much equipment: where everything stands, and what lies close together gathered into circles.

Gathering is done by the database over an index, so that a map of 50,000 things is a few hundred marks and not megabytes.
"""

from __future__ import annotations

from datetime import date
from math import cos, radians
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection, Integer, cast, func, select

from safezone.assets.kinds import KINDS
from safezone.assets.queries import check_may_look
from safezone.assets.search import Wanted, box_of, from_found
from safezone.assets.tables import asset
from safezone.core.identity import Identity
from safezone.events.assets import Readiness

READINESS: Final[tuple[Readiness, ...]] = ("DOWN", "UNKNOWN", "WATCH", "READY")
PLANNED: Final = "PLANNED"
GATHER_PX: Final = 52
"""Two marks nearer than about this lie on top of each other."""
NO_CIRCLES_FROM: Final = 18
"""At this zoom one sees single things, however close."""
TILE_PX: Final = 512


class Marks(msgspec.Struct, frozen=True):
    """What was found, as a map draws it: one column for each thing it needs, so that nothing is said twice.

    `kind` and `state` are places in `kinds` and `states`; a state is a readiness, or PLANNED for what is not in service.
    Where `count` is more than one it is a circle of so many, `down` and `watch` of them, in their middle, without an id.
    """

    kinds: list[str]
    states: list[str]
    id: list[str]
    lon: list[float]
    lat: list[float]
    kind: list[int]
    state: list[int]
    count: list[int]
    down: list[int]
    watch: list[int]
    total: int
    unplaced: int


def find_marks(
    conn: Connection, identity: Identity, wanted: Wanted, today: date, zoom: float | None = None
) -> Marks:
    """Where the assets stand that are wanted; what hangs at a site is not drawn beside it, and what is retired not at all.

    With a `zoom` (of tiles of 512 pixels, as maps in browsers have it) what would lie on top of each other is gathered.
    """
    check_may_look(identity, identity.station)
    gathered = zoom is not None and zoom < NO_CIRCLES_FROM
    cells = _cells(int(zoom or 0), wanted.bbox) if gathered else [asset.c.id]
    drawn = _drawn(select(*_COLUMNS), identity, wanted, today)
    kinds, states = list(KINDS), [PLANNED, *READINESS]
    kind_at, state_at = {k: n for n, k in enumerate(kinds)}, {s: n for n, s in enumerate(states)}
    # By the latitude, in whose order no index is: otherwise rows would be fetched one by one all over the table.
    rows = conn.execute(drawn.where(asset.c.lat.is_not(None)).group_by(*cells)).all()
    of_state = [state_at[row.readiness] if row.lifecycle == "in_service" else 0 for row in rows]
    return Marks(
        kinds,
        states,
        [row.id if row.n == 1 else "" for row in rows],
        [round(row.lon, 6) for row in rows],
        [round(row.lat, 6) for row in rows],
        [kind_at[row.kind] for row in rows],
        of_state,
        [row.n for row in rows],
        [row.down or 0 for row in rows],
        [row.watch or 0 for row in rows],
        sum(row.n for row in rows),
        _count_unplaced(conn, identity, wanted, today),
    )


def _of(readiness: Readiness) -> ColumnElement[Any]:
    is_so = (asset.c.readiness == readiness) & (asset.c.lifecycle == "in_service")
    return func.sum(cast(is_so, Integer))


_COLUMNS: Final = (
    func.min(asset.c.id).label("id"),
    func.avg(asset.c.lon).label("lon"),
    func.avg(asset.c.lat).label("lat"),
    func.min(asset.c.kind).label("kind"),
    func.min(asset.c.lifecycle).label("lifecycle"),
    func.min(asset.c.readiness).label("readiness"),
    func.count().label("n"),
    _of("DOWN").label("down"),
    _of("WATCH").label("watch"),
)
"""Of one thing alone the least is what it is."""


def _drawn(columns: Any, identity: Identity, wanted: Wanted, today: date) -> Any:
    # Said so that no index over sites is taken: nearly everything stands at none, and would be fetched one by one.
    at_no_site = func.coalesce(asset.c.site_id, "") == ""
    return from_found(columns, identity, wanted, today).where(at_no_site, asset.c.lifecycle != "retired")


def _count_unplaced(conn: Connection, identity: Identity, wanted: Wanted, today: date) -> int:
    everywhere = msgspec.structs.replace(wanted, bbox=None)
    nowhere = _drawn(select(func.count()), identity, everywhere, today).where(asset.c.lon.is_(None))
    return int(conn.execute(nowhere).scalar_one())


def _cells(zoom: int, bbox: str | None) -> list[ColumnElement[Any]]:
    """In which square of the map something lies: squares stay where they are while somebody moves over the map."""
    across_deg = 360 * GATHER_PX / (TILE_PX * 2**zoom)
    south, north = box_of(bbox)[1::2] if bbox is not None else (-85.0, 85.0)
    # A degree of latitude is longer on the map the further one is from the equator; by whole degrees, to stay put.
    down_deg = across_deg * cos(radians(min(80, abs(round((south + north) / 2)))))
    return [
        func.round((asset.c.lon + 180.0) / across_deg - 0.5),
        func.round((asset.c.lat + 90.0) / down_deg - 0.5),
    ]
