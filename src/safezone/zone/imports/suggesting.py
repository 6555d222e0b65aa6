"""What each feature of a file could be: boundary, community, place or building, with its names and figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from safezone.core.geo import Point
from safezone.core.i18n import Words
from safezone.events.zone import Coverage, Population
from safezone.zone.days import day_of
from safezone.zone.findings import Findings
from safezone.zone.geodesy import area_m2, middle_of
from safezone.zone.imports.reading import Feature
from safezone.zone.outlines import MOST_CORNERS, list_problems
from safezone.zone.sheets import CODE, MAX_TEXT

if TYPE_CHECKING:
    from safezone.zone.imports.proposal import Prepared

As = Literal["boundary", "community", "place", "building", "nothing"]
MANY: Final = 300
"""More areas than this in one file are buildings, whatever they are called."""
MOST_CANDIDATES: Final = 5_000
_TH: Final = (
    "name_th",
    "nameth",
    "name:th",
    "ชื่อ",
    "ชื่อชุมชน",
    "ชื่อสถานที่",
    "tha_name",
    "name_t",
    "name",
    "title",
)
_EN: Final = ("name_en", "nameen", "name:en", "eng_name", "name_e", "name_eng")
_CODES: Final = ("id", "code", "รหัส")
_KINDS: Final = ("kind", "ประเภท", "type", "category")
_PEOPLE: Final = ("residents", "population", "ประชากร", "จำนวนประชากร")
_HOUSES: Final = ("households", "ครัวเรือน", "จำนวนครัวเรือน")
_SOURCE: Final = ("source", "ที่มา", "แหล่งที่มา")
_DAY: Final = ("as_of", "date", "วันที่", "ณ วันที่")


class Candidate(msgspec.Struct, frozen=True):
    """One feature and what it could become; `faulty` ones cannot be taken before the file is mended."""

    n: int
    row: int
    suggested: As
    sort: Literal["area", "point"]
    id: str | None
    name: Words
    kind: str
    coverage: Coverage
    population: Population | None
    area_m2: float | None
    at: Point
    faulty: bool


def fill(prepared: Prepared, placed: list[Feature], all_as: As | None, findings: Findings) -> None:
    """The candidates and building shapes of a proposal, with the faults of those that would stand on the map."""
    proposal = prepared.proposal
    areas = sum(each.sort == "area" for each in placed)
    seen: dict[str, int] = {}
    for n, feature in enumerate(placed):
        if feature.sort == "line":
            prepared.lines.append(feature.shape)
            continue
        said = {str(key).strip().lower(): value for key, value in feature.properties.items()}
        what = all_as or _suggest(feature, said, areas)
        if what == "building":
            if feature.sort == "area":
                prepared.buildings.append(feature.shape)
            continue
        if len(proposal.candidates) >= MOST_CANDIDATES:
            findings.problem(proposal.file, "too_many", value=len(placed), limit=MOST_CANDIDATES)
            break
        proposal.candidates.append(_candidate(n, feature, said, what, seen, proposal.file, findings))
        prepared.shapes[n] = feature.shape
    if prepared.lines:
        findings.notice(proposal.file, "lines_left_out", value=len(prepared.lines))
    proposal.buildings = len(prepared.buildings)


def _suggest(feature: Feature, said: dict[str, Any], areas: int) -> As:
    layer = said.get("layer")
    if layer in ("boundary", "community", "place"):
        return layer  # type: ignore[no-any-return]
    if feature.sort == "point":
        return "place"
    if "building" in said or areas > MANY:
        return "building"
    return "boundary" if areas == 1 else "community"


def _candidate(
    n: int,
    feature: Feature,
    said: dict[str, Any],
    what: As,
    seen: dict[str, int],
    file: str,
    findings: Findings,
) -> Candidate:
    before = len(findings.problems)
    own = _own_code(feature, said, what, seen, file, findings)
    is_area = feature.sort == "area"
    corners = sum(len(ring) for polygon in feature.shape for ring in polygon) if is_area else 1
    if corners > MOST_CORNERS:
        findings.problem(
            file, "too_many_corners", feature.number, value=f"{corners:,}", limit=f"{MOST_CORNERS:,}"
        )
    elif is_area:
        for each in list_problems(feature.shape):
            findings.add(file, each.code, each.words, feature.number, each.at)
    faulty = len(findings.problems) > before
    middle = Point(*middle_of(feature.shape[0][0])) if is_area else Point(*feature.shape)
    th, en = _text(said, _TH), _text(said, _EN)
    return Candidate(
        n=n,
        row=feature.number,
        suggested=what,
        sort="area" if is_area else "point",
        id=own,
        name=Words(th or en, en or th),
        kind=_text(said, _KINDS)[:32] or "other",
        coverage="part" if str(said.get("coverage", "")).strip().lower() == "part" else "whole",
        population=_people(feature, said, file, findings),
        area_m2=round(area_m2(feature.shape), 1) if is_area and not faulty else None,
        at=Point(round(middle.lon, 6), round(middle.lat, 6)),
        faulty=faulty,
    )


def _own_code(
    feature: Feature, said: dict[str, Any], what: As, seen: dict[str, int], file: str, findings: Findings
) -> str | None:
    """The feature's own code where it may stand in an address; a code that was used before is a problem."""
    code = _text(said, _CODES)
    if not CODE.fullmatch(code):
        return None
    key = f"{what}/{code.casefold()}"
    if key in seen:
        findings.problem(file, "duplicate", feature.number, "id", value=code, limit=f"{file}:{seen[key]}")
    seen.setdefault(key, feature.number)
    return code


def _text(said: dict[str, Any], keys: tuple[str, ...]) -> str:
    for key in keys:
        value = said.get(key)
        if isinstance(value, str | int | float) and not isinstance(value, bool) and str(value).strip():
            return str(value).strip()[:MAX_TEXT]
    return ""


def _people(feature: Feature, said: dict[str, Any], file: str, findings: Findings) -> Population | None:
    """The figure of people in a row; None when there is none or nobody says whose figure it is."""
    residents, source = _whole(_text(said, _PEOPLE)), _text(said, _SOURCE)
    if residents is None:
        return None
    if not source:
        findings.notice(file, "no_source", feature.number, value=residents)
        return None
    day = None
    if text := _text(said, _DAY):
        try:
            day = day_of(text).isoformat()
        except ValueError:
            findings.problem(file, "not_a_day", feature.number, value=text[:20])
    return Population(residents, Words(source, source), day, _whole(_text(said, _HOUSES)))


def _whole(text: str) -> int | None:
    try:
        number = float(text.replace(",", ""))
    except ValueError:
        return None
    return int(number) if 0 <= number <= 10_000_000 else None
