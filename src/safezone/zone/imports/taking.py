"""From what a person has chosen of a proposal to the command that takes it, all of it or nothing."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from safezone.core.errors import Invalid
from safezone.core.geo import Point
from safezone.core.i18n import Words
from safezone.core.ids import new_id
from safezone.events.zone import Area, CommunityDefined, Coverage, PlaceNamed
from safezone.zone import commands as cmds
from safezone.zone.imports.proposal import Proposal
from safezone.zone.imports.suggesting import Candidate


class Take(msgspec.Struct, frozen=True, kw_only=True):
    """One candidate by its number, and what it is to be; a name that is given replaces that of the file."""

    n: int
    as_: Literal["boundary", "community", "place"] = msgspec.field(name="as")
    name: Words | None = None
    coverage: Coverage | None = None


def command_of(
    proposal: Proposal,
    shapes: dict[int, Any],
    take: list[Take],
    digest: str,
    expected_version: str,
    reason: str,
    buildings: int,
) -> cmds.ImportGround:
    """The command; Invalid names the row that cannot be taken and why."""
    candidates = {each.n: each for each in proposal.candidates}
    boundaries: list[Area] = []
    communities: dict[str, CommunityDefined] = {}
    places: dict[str, PlaceNamed] = {}
    for each in take:
        found = candidates.get(each.n)
        if found is None:
            raise _cannot(each.n, Words(th="ไม่มีรูปนี้ในไฟล์", en="there is no such feature in the file"))
        if found.faulty:
            raise _cannot(
                found.row, Words(th="รูปนี้มีข้อผิดพลาด: แก้ไขไฟล์ก่อน", en="it has faults: mend the file first")
            )
        if found.sort == "point" and each.as_ != "place":
            raise _cannot(found.row, Words(th="จุดเป็นได้เฉพาะสถานที่", en="a point can only be a place"))
        if each.as_ == "boundary":
            boundaries.append(_area(shapes[each.n]))
        elif each.as_ == "community":
            community = _community(found, each, shapes[each.n])
            communities[community.community_id] = community
        else:
            place = _place(found, each, shapes[each.n])
            places[place.place_id] = place
    if len(boundaries) > 1:
        raise _cannot(take[0].n, Words(th="แนวเขตมีได้หนึ่งเดียว", en="there can be one boundary only"))
    if not (boundaries or communities or places or buildings):
        raise Invalid("nothing_chosen", Words(th="ยังไม่ได้เลือกสิ่งใด", en="Nothing was chosen."))
    return cmds.ImportGround(
        expected_version=expected_version,
        digest=digest,
        file=proposal.file,
        format=proposal.format,
        crs=proposal.crs,
        reason=reason,
        boundary=boundaries[0] if boundaries else None,
        communities=list(communities.values()),
        places=list(places.values()),
        buildings=buildings,
    )


def _community(found: Candidate, take: Take, shape: Any) -> CommunityDefined:
    return CommunityDefined(
        community_id=_code(found, "community"),
        name=_name(found, take),
        coverage=take.coverage or found.coverage,
        area=_area(shape),
        population=found.population,
    )


def _place(found: Candidate, take: Take, shape: Any) -> PlaceNamed:
    is_area = found.sort == "area"
    point = found.at if is_area else Point(*shape)
    area = _area(shape) if is_area else None
    return PlaceNamed(
        place_id=_code(found, "place"), name=_name(found, take), sort=found.kind, point=point, area=area
    )


def _code(found: Candidate, layer: str) -> str:
    return found.id or f"{layer}-{new_id().replace('-', '')[-12:]}"


def _name(found: Candidate, take: Take) -> Words:
    name = take.name or found.name
    th, en = name.th.strip(), name.en.strip()
    if not th and not en:
        raise _cannot(found.row, Words(th="ไม่มีชื่อ: ใส่ชื่อ", en="it has no name: give it one"))
    return Words(th or en, en or th)


def _area(shape: Any) -> Area:
    area = msgspec.convert(shape, Area)
    return [[ring if ring[0] == ring[-1] else [*ring, ring[0]] for ring in polygon] for polygon in area]


def _cannot(row: int, why: Words) -> Invalid:
    return Invalid(
        "cannot_be_taken", Words(th=f"รูปที่ {row}: {why.th}", en=f"Feature {row}: {why.en}"), row=row
    )
