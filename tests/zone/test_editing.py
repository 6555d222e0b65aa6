"""The ground is changed: by whom, on which version, what is refused with its place, and what it was on another day."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safezone.core.errors import Conflict, Invalid, NotAllowed, NotFound
from safezone.core.geo import Point
from safezone.core.i18n import Words
from safezone.core.identity import Identity
from safezone.events.zone import Evidence, Population, SelectionCriteria
from safezone.zone import commands as cmds
from safezone.zone import handlers, queries
from safezone.zone.commands import CreateStation
from safezone.zone.days import day_of, end_of, thai_day
from safezone.zone.findings import Findings
from safezone.zone.history import list_versions, zone_on
from safezone.zone.outlines import list_problems, read_area
from safezone.zone.station_set import read_zone_set
from tests.support.engines import EngineName
from tests.zone.ground import MUKDAHAN, STATION, Node, chief, edit, operator, square, version_of

WORDS = Words("ใหม่", "New")
BOW_TIE = [[(104.72, 16.54), (104.73, 16.55), (104.73, 16.54), (104.72, 16.55), (104.72, 16.54)]]
DAY_1, DAY_2 = datetime(2026, 11, 20, 3, tzinfo=UTC), datetime(2026, 11, 21, 3, tzinfo=UTC)


@pytest.fixture
def node(engine: EngineName, tmp_path: Path) -> Iterator[Node]:
    node = Node(tmp_path, handlers.register)
    _move_to(node, DAY_1)
    read = read_zone_set(MUKDAHAN, Findings())
    assert read is not None
    node.do(CreateStation(read))
    yield node
    node.close()


def _move_to(node: Node, moment: datetime) -> None:
    node.clock.advance((moment - node.clock.now()).total_seconds())


def on(node: Node, day: str) -> dict[str, Any]:
    with node.read() as conn:
        found = zone_on(conn, STATION, operator(), node.bus.reader(), day_of(day))
    features = json.loads(found.geojson)["features"]
    return {f"{f['properties']['layer']}/{f['id']}": f for f in features}


def now(node: Node) -> dict[str, Any]:
    with node.read() as conn:
        features = json.loads(queries.zone_geojson(conn, STATION, operator()).geojson)["features"]
    return {f"{f['properties']['layer']}/{f['id']}": f for f in features}


def test_a_boundary_is_drawn_anew_and_the_rest_stays(node: Node) -> None:
    with node.read() as conn:
        before = queries.get_zone_details(conn, STATION, operator())
    edit(node, cmds.DrawZone, area=square(104.72, 16.54, 0.01), reason="the market has grown")
    with node.read() as conn:
        after = queries.get_zone_details(conn, STATION, operator())
    assert 1.17e6 < after.area_m2 < 1.19e6
    assert 4_300 < after.perimeter_m < 4_400
    assert (after.name, after.criteria, after.population) == (before.name, before.criteria, before.population)
    assert after.communities == before.communities
    assert node.verdict().content


def test_who_was_second_is_told_who_was_first_and_changes_nothing(node: Node) -> None:
    old = version_of(node)
    new = edit(node, cmds.NamePlace, name=WORDS, sort="market", point=Point(104.73, 16.54))
    before = node.log()
    with pytest.raises(Conflict, match="chief:chief-1 changed the zone") as refused:
        node.do(cmds.DrawZone(expected_version=old, area=square(104.72, 16.54), reason="x"), chief())
    assert refused.value.extra["current"].version == new == version_of(node)
    assert node.log() == before


@pytest.mark.parametrize("role", ["operator", "auditor", "commander", "technician", "partner", "cctv_owner"])
def test_others_read_and_do_not_change(node: Node, role: Any) -> None:
    asked = cmds.DrawZone(expected_version=version_of(node), area=square(104.72, 16.54), reason="x")
    with pytest.raises(NotAllowed):
        node.do(asked, Identity(STATION, role, "somebody"))
    with node.read() as conn:
        assert list_versions(conn, STATION, Identity(STATION, role, "x"), node.bus.reader(), 10)
        with pytest.raises(NotAllowed, match="another station"):
            list_versions(conn, STATION, Identity("nkp", role, "x"), node.bus.reader(), 10)


def test_an_outline_that_crosses_itself_is_refused_where_it_does(node: Node) -> None:
    before = node.log()
    asked = cmds.DrawZone(expected_version=version_of(node), area=[BOW_TIE], reason="x")
    with pytest.raises(Invalid) as refused:
        node.do(asked, chief())
    (problem,) = refused.value.extra["problems"]
    assert (problem.code, problem.at) == ("crosses_itself", Point(104.725, 16.545))
    assert node.log() == before


def test_what_is_there_is_replaced_with_a_reason_and_a_figure_stays(node: Node) -> None:
    with node.read() as conn:
        first = queries.get_zone_details(conn, STATION, operator()).communities[0].id
    source = Words("สำนักทะเบียน", "")
    edit(
        node,
        cmds.RecordPopulation,
        residents=800,
        households=210,
        source=source,
        as_of="30/6/2568",
        community_id=first,
    )
    again = {"id": first, "name": Words("ชุมชนใหม่", ""), "coverage": "part", "area": square(104.727, 16.541)}
    with pytest.raises(Invalid, match="Say why"):
        edit(node, cmds.DefineCommunity, **again)
    edit(node, cmds.DefineCommunity, **again, reason="surveyed again")
    with node.read() as conn:
        found = queries.get_zone_details(conn, STATION, operator()).communities[0]
    assert found.name == Words("ชุมชนใหม่", "ชุมชนใหม่")
    assert found.population == Population(800, Words("สำนักทะเบียน", "สำนักทะเบียน"), "2025-06-30", 210)
    assert node.verdict().content


@pytest.mark.parametrize(
    ("command", "what", "says"),
    [
        (cmds.RecordPopulation, {"residents": -1, "source": WORDS}, "residents"),
        (cmds.RecordPopulation, {"residents": 1, "source": Words(" ", "")}, "source: Empty"),
        (cmds.RecordPopulation, {"residents": 1, "source": WORDS, "as_of": "31/2/2568"}, "not a day"),
        (cmds.RecordPopulation, {"residents": 1, "source": WORDS, "as_of": "2570-01-01"}, "not come yet"),
        (cmds.NamePlace, {"name": WORDS, "sort": "x", "point": Point(16.54, 104.72)}, "exchanged"),
        (cmds.NamePlace, {"name": Words("ก" * 201, ""), "sort": "x", "point": Point(104.7, 16.5)}, "Longer"),
        (
            cmds.RecordCriteria,
            {
                "criteria": SelectionCriteria(WORDS, WORDS, WORDS),
                "evidence": [Evidence("risk", "x", "y", link="javascript:alert(1)")],
            },
            "A link begins",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused_and_named(
    node: Node, command: type[Any], what: Any, says: str
) -> None:
    before = node.log()
    with pytest.raises(Invalid, match=says):
        edit(node, command, **what)
    assert node.log() == before


def test_removing_what_is_not_there_is_said(node: Node) -> None:
    with pytest.raises(NotFound, match="“nowhere” is not on the map"):
        edit(node, cmds.RemovePlace, id="nowhere", reason="x")


def test_yesterdays_zone_is_as_it_was_and_the_history_says_what_changed(node: Node) -> None:
    before = now(node)
    _move_to(node, DAY_2)
    place = next(each["id"] for key, each in before.items() if key.startswith("place/"))
    edit(node, cmds.RemovePlace, id=place, reason="closed down")
    node.clock.advance(60)
    edit(node, cmds.DrawZone, area=square(104.72, 16.54, 0.01), reason="the market has grown")
    node.clock.advance(60)
    edit(node, cmds.RecordPopulation, residents=2400, source=WORDS)
    assert on(node, "2026-11-20") == before
    assert on(node, "20/11/2569") == before
    assert on(node, "2026-11-21") == now(node) != before
    assert f"place/{place}" not in now(node)
    with node.read() as conn, pytest.raises(NotFound, match="no zone on 2026-11-19"):
        zone_on(conn, STATION, operator(), node.bus.reader(), date(2026, 11, 19))
    with node.read() as conn:
        versions = list_versions(conn, STATION, operator(), node.bus.reader(), 10)
    assert [v.changes[0].kind for v in versions] == [
        "population_recorded",
        "zone_drawn",
        "place_removed",
        "station_created",
    ]
    drawn = versions[1]
    assert (drawn.actor, drawn.reason) == ("chief:chief-1", "the market has grown")
    assert drawn.area_before_m2 == pytest.approx(420_000, rel=0.01)
    assert drawn.area_m2 == pytest.approx(1.18e6, rel=0.01)
    assert versions[-1].more_changes > 10
    assert "closed down" not in str([entry.event for entry in node.log()]), "a reason may name somebody"


def test_a_day_ends_at_midnight_in_thailand(node: Node) -> None:
    before = now(node)
    _move_to(node, datetime(2026, 11, 20, 17, 0, tzinfo=UTC))  # 00:00 of the 21st in Bangkok
    edit(node, cmds.DrawZone, area=square(104.72, 16.54, 0.01), reason="x")
    assert on(node, "2026-11-20") == before
    assert on(node, "2026-11-21") == now(node)


@given(st.dates(date(1900, 1, 1), date(2300, 1, 1)))
def test_a_day_is_the_same_in_both_eras_and_every_spelling(day: date) -> None:
    buddhist = day.year + 543
    for text in (
        day.isoformat(),
        f"{buddhist:04d}-{day.month:02d}-{day.day:02d}",
        f"{day.day}/{day.month}/{buddhist}",
        f" {day.day:02d}-{day.month:02d}-{day.year:04d} ",
    ):
        assert day_of(text) == day
    assert thai_day(end_of(day)).toordinal() == day.toordinal() + 1


@given(st.lists(st.tuples(st.floats(97.5, 105), st.floats(6, 20)), min_size=3, max_size=12, unique=True))
def test_turning_an_area_round_changes_no_verdict(ring: list[tuple[float, float]]) -> None:
    one = read_area("Polygon", [ring])
    two = read_area("Polygon", [ring[::-1]])
    assert {p.code for p in list_problems(one)} == {p.code for p in list_problems(two)}


def test_holes_swapped_numbers_and_tangles_are_marked() -> None:
    outer = square(104.72, 16.54, 0.01)[0][0]
    outside = square(104.80, 16.54, 0.001)[0][0]
    (hole,) = list_problems([[outer, outside]])
    assert (hole.code, hole.at) == ("hole_outside", Point(104.80, 16.54))
    (swapped,) = list_problems([[[(lat, lon) for lon, lat in outer]]])
    assert (swapped.code, swapped.at) == ("swapped", Point(104.72, 16.54))
    comb = [(104.0 + (n % 2), 16.0 + n / 20_000) for n in range(9_000)]
    assert [p.code for p in list_problems([[[*comb, comb[0]]]])] in (["too_detailed"], ["crosses_itself"])
    nonsense: tuple[Any, ...] = ([], [[]], [[["a", 1]]], [[[1]]], [[5]], [[[True, 1.0]]])
    for nothing in nonsense:
        with pytest.raises(Invalid):
            read_area("Polygon", nothing)
