"""Looking for equipment among very much of it: by words, kind, state, readiness, owner and place."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, and_, func, select

from safezone.assets.kinds import KINDS
from safezone.assets.queries import VIEWS, AssetView, check_may_look, view_of, whose
from safezone.assets.refusals import unknown_kind
from safezone.assets.tables import asset, asset_sign, mou
from safezone.core.db import from_us
from safezone.core.errors import Invalid
from safezone.core.i18n import Words
from safezone.core.identity import Identity
from safezone.events.assets import Lifecycle, Readiness

LONGEST_PAGE: Final = 1_000


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked for; everything that is given must be true of an asset."""

    q: str = ""
    """Words of its code, names, owner or model, in whatever order; Thai needs no spaces between words."""
    kind: str | None = None
    lifecycle: Lifecycle | None = None
    readiness: Readiness | None = None
    """Of what is in service."""
    owner_id: str | None = None
    bbox: str | None = None
    """`west,south,east,north` in degrees."""
    ids: tuple[str, ...] = ()
    """One of these; all where none is named."""
    promise: Literal["overdue"] | None = None
    """Used under an agreement that has run out."""


class AssetPage(msgspec.Struct, frozen=True):
    """A part of what was found, by id; `total` says how much there is of it."""

    items: list[AssetView]
    total: int
    offset: int


def find_page(
    conn: Connection, identity: Identity, wanted: Wanted, today: date, offset: int = 0, limit: int = 500
) -> AssetPage:
    """The assets that are wanted, from `offset` on."""
    check_may_look(identity, identity.station)
    found = _such(identity, wanted, today)
    page = VIEWS.where(*found).order_by(asset.c.id).offset(offset).limit(limit)
    items = [view_of(row) for row in conn.execute(page, {"of_station": identity.station})]
    if offset == 0 and len(items) < limit:
        return AssetPage(items, len(items), offset)
    return AssetPage(items, count(conn, identity, wanted, today), offset)


def count(conn: Connection, identity: Identity, wanted: Wanted, today: date) -> int:
    """How many assets are wanted."""
    counted = from_found(select(func.count()), identity, wanted, today)
    return int(conn.execute(counted).scalar_one())


class Tally(msgspec.Struct, frozen=True):
    """How many there are: of each kind, in each state, and by how well those in service are."""

    by_kind: dict[str, int]
    by_lifecycle: dict[str, int]
    by_readiness: dict[str, int]
    promises_overdue: int


def tally(conn: Connection, identity: Identity, today: date) -> Tally:
    """Everything that somebody may see, counted."""
    check_may_look(identity, identity.station)
    groups = (asset.c.kind, asset.c.lifecycle, asset.c.readiness)
    counted = select(*groups, func.count()).where(asset.c.station == identity.station, whose(identity))
    by_kind, by_lifecycle, by_readiness = dict[str, int](), dict[str, int](), dict[str, int]()
    for kind, lifecycle, readiness, n in conn.execute(counted.group_by(*groups)):
        by_kind[kind] = by_kind.get(kind, 0) + n
        by_lifecycle[lifecycle] = by_lifecycle.get(lifecycle, 0) + n
        if lifecycle == "in_service":
            by_readiness[readiness] = by_readiness.get(readiness, 0) + n
    overdue = count(conn, identity, Wanted(promise="overdue"), today)
    return Tally(by_kind, by_lifecycle, by_readiness, overdue)


class InService(msgspec.Struct, frozen=True):
    """How well the `n` things in service are; what is planned or retired is not among them, demonstration is left out."""

    n: int
    by_readiness: dict[str, int]
    promises_overdue: int
    left_out_synthetic: int


def count_in_service(conn: Connection, identity: Identity, today: date) -> InService:
    """What is in service and real, by how well it is."""
    check_may_look(identity, identity.station)
    groups = (asset.c.synthetic, asset.c.readiness)
    here = (asset.c.station == identity.station) & (asset.c.lifecycle == "in_service")
    counted = select(*groups, func.count()).where(here, whose(identity)).group_by(*groups)
    by_readiness, left_out = dict[str, int](), 0
    for synthetic, readiness, n in conn.execute(counted):
        if synthetic:
            left_out += n
        else:
            by_readiness[readiness] = by_readiness.get(readiness, 0) + n
    overdue = from_found(select(func.count()), identity, Wanted(promise="overdue"), today)
    late = conn.execute(overdue.where(asset.c.synthetic.is_(False))).scalar_one()
    return InService(sum(by_readiness.values()), by_readiness, int(late), left_out)


def find_heard(conn: Connection, identity: Identity) -> datetime | None:
    """When anything of what is in service and real last gave a sign, or was last judged anew; None where there is nothing."""
    check_may_look(identity, identity.station)
    of_it = (asset_sign.c.station == asset.c.station) & (asset_sign.c.asset_id == asset.c.id)
    asked = select(func.max(asset_sign.c.heard_at_us), func.max(asset.c.readiness_since_us))
    real = (asset.c.station == identity.station) & (asset.c.lifecycle == "in_service")
    real &= asset.c.synthetic.is_(False)
    found = conn.execute(asked.select_from(asset.outerjoin(asset_sign, of_it)).where(real, whose(identity)))
    times = [at_us for at_us in found.one() if at_us is not None]
    return from_us(max(times)) if times else None


def list_rows(conn: Connection, identity: Identity, wanted: Wanted, today: date, limit: int) -> Sequence[Any]:
    """The rows of the register that are wanted, by id, for a list on paper or in a sheet."""
    check_may_look(identity, identity.station)
    found = from_found(select(asset), identity, wanted, today)
    return conn.execute(found.order_by(asset.c.id).limit(limit)).all()


def from_found(columns: Select[Any], identity: Identity, wanted: Wanted, today: date) -> Select[Any]:
    """These columns of the assets that are wanted."""
    of_mou = (mou.c.station == asset.c.station) & (mou.c.id == asset.c.mou_id)
    found = columns.select_from(asset.outerjoin(mou, of_mou) if wanted.promise else asset)
    return found.where(asset.c.station == identity.station, *_such(identity, wanted, today))


def _such(identity: Identity, wanted: Wanted, today: date) -> list[ColumnElement[bool]]:
    such: list[ColumnElement[bool]] = [whose(identity)]
    if wanted.kind is not None:
        if wanted.kind not in KINDS:
            raise unknown_kind(wanted.kind)
        such.append(asset.c.kind == wanted.kind)
    if wanted.lifecycle is not None:
        such.append(asset.c.lifecycle == wanted.lifecycle)
    if wanted.readiness is not None:
        such.append(and_(asset.c.readiness == wanted.readiness, asset.c.lifecycle == "in_service"))
    if wanted.owner_id is not None:
        such.append(asset.c.owner_id == wanted.owner_id)
    if wanted.ids:
        such.append(asset.c.id.in_(wanted.ids))
    if wanted.bbox is not None:
        west, south, east, north = box_of(wanted.bbox)
        # Words are looked for in every row. By the index over places they would be fetched one by one, from all over the table.
        lon = asset.c.lon + 0.0 if wanted.q.split() else asset.c.lon
        such += [lon.between(west, east), asset.c.lat.between(south, north)]
    if wanted.promise == "overdue":
        such += [mou.c.until_day < today.isoformat(), asset.c.lifecycle != "retired"]
    such += [asset.c.words.contains(word, autoescape=True) for word in wanted.q.lower().split()[:8]]
    return such


def box_of(said: str) -> tuple[float, float, float, float]:
    """West, south, east, north; Invalid when that is no box."""
    try:
        west, south, east, north = (float(each) for each in said.split(","))
    except ValueError:
        west = south = east = north = float("nan")
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise Invalid(
            "bad_bbox",
            Words(
                th="bbox ต้องเป็น ตะวันตก,ใต้,ตะวันออก,เหนือ (องศา)",
                en="bbox must be west,south,east,north in degrees.",
            ),
        )
    return west, south, east, north
