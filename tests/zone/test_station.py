"""A station is created once, from its set; the log rebuilds its ground; the screens and the emergencies ask it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from safezone.core.errors import Conflict, Invalid, NotAllowed, NotFound, NotSignedIn
from safezone.core.event import kind_of
from safezone.core.geo import Point
from safezone.core.i18n import Words
from safezone.core.identity import Identity, public, system
from safezone.core.work import UnitOfWork
from safezone.events.zone import MapSketched, PlaceNamed, Street, ZoneDrawn
from safezone.zone import handlers, queries
from safezone.zone.commands import CreateStation
from safezone.zone.findings import Findings
from safezone.zone.station_set import ZoneSet, read_zone_set
from tests.support.engines import EngineName
from tests.zone.ground import MUKDAHAN, STATION, Node, edit_everything, operator

MARKET = Point(104.7297, 16.5430)


class Redraw(msgspec.Struct, frozen=True):
    """A command of this test only: record these events as they are."""

    events: list[PlaceNamed | ZoneDrawn | MapSketched]
    then_fail: bool = False


def _redraw(cmd: Redraw, uow: UnitOfWork) -> Words:
    for event in cmd.events:
        uow.record(event)
    words = queries.what_is_at(uow.conn, uow.station, MARKET).words
    if cmd.then_fail:
        raise Conflict("changed_my_mind", words)
    return words


@pytest.fixture
def node(engine: EngineName, tmp_path: Path) -> Iterator[Node]:
    def register(bus: object) -> None:
        handlers.register(bus)  # type: ignore[arg-type]
        bus.handle(Redraw, _redraw)  # type: ignore[attr-defined]

    node = Node(tmp_path, register)
    yield node
    node.close()


@pytest.fixture(scope="module")
def mukdahan() -> ZoneSet:
    read = read_zone_set(MUKDAHAN, Findings())
    assert read is not None
    return read


def test_a_station_is_created_with_its_ground(node: Node, mukdahan: ZoneSet) -> None:
    assert node.do(CreateStation(mukdahan)) == STATION
    with node.read() as conn:
        station = queries.get_station(conn, STATION)
        assert queries.list_stations(conn) == [STATION]
        assert queries.is_synthetic(conn, STATION)
    assert station.name == Words("สภ.เมืองมุกดาหาร (สาธิต)", "Mueang Mukdahan Police Station (demonstration)")
    assert (station.area_km2, station.perimeter_km, station.population) == (0.42, 3.59, 2367)
    assert station.population_as_of is None
    assert station.criteria == mukdahan.criteria
    assert 104.725 < station.center.lon < 104.732
    assert 16.536 < station.center.lat < 16.550


def test_creating_it_again_is_refused_and_changes_nothing(node: Node, mukdahan: ZoneSet) -> None:
    node.do(CreateStation(mukdahan))
    before = node.log()
    with pytest.raises(Conflict, match="exists already"):
        node.do(CreateStation(mukdahan))
    assert node.log() == before


def test_a_set_of_another_station_is_refused(node: Node, mukdahan: ZoneSet) -> None:
    with pytest.raises(Invalid, match="describes the station “mdh”, not “nkp”"):
        node.do(CreateStation(mukdahan), system("nkp", "test"))
    assert node.log() == []


def test_only_an_administrator_or_the_program_creates_a_station(node: Node, mukdahan: ZoneSet) -> None:
    with pytest.raises(NotAllowed):
        node.do(CreateStation(mukdahan), operator())
    assert node.log() == []


def test_the_log_tells_every_table_and_every_event_is_there(node: Node, mukdahan: ZoneSet) -> None:
    """Old rows + events = new rows, for every event of the ground; also for one that replaces what was."""
    node.do(CreateStation(mukdahan))
    moved = msgspec.structs.replace(mukdahan.places[0], point=Point(104.73, 16.541), area=None)
    street = Street("new", Words("ใหม่", "New"), "lane", [(104.73, 16.54), (104.731, 16.541)])
    drawn = next(each.event for each in node.log() if isinstance(each.event, ZoneDrawn))
    node.do(
        Redraw(
            [
                moved,
                MapSketched(station_id=STATION, streets=[street], waters=[]),
                msgspec.structs.replace(drawn, name=Words("เล็ก", "Small"), population=None),
            ]
        )
    )
    edit_everything(node)
    kinds = {entry.kind for entry in node.log()}
    assert kinds == {kind_of(event) for event in node.bus.event_types()}
    verdict = node.verdict()
    assert verdict.content, verdict
    assert verdict.rows > 40
    with node.read() as conn:
        geojson = json.loads(queries.zone_geojson(conn, STATION, operator()).geojson)
        assert queries.get_station(conn, STATION).population == 2400
    assert [f["id"] for f in geojson["features"] if f["properties"]["layer"] == "street"] == ["new"]
    assert sum(f["properties"]["layer"] == "water" for f in geojson["features"]) == 0


def test_the_map_is_that_of_the_set_and_says_that_it_is_synthetic(node: Node, mukdahan: ZoneSet) -> None:
    node.do(CreateStation(mukdahan))
    with node.read() as conn:
        found = json.loads(queries.zone_geojson(conn, STATION, operator()).geojson)
    drawn = json.loads((MUKDAHAN / "zone.geojson").read_text("utf-8"))["features"]
    by_key = {(f["properties"]["layer"], f["id"]): f for f in found["features"]}
    assert len(by_key) == len(found["features"]) == len(drawn)
    for feature in drawn:
        shown = by_key[feature["properties"]["layer"], feature["id"]]
        assert shown["geometry"] == feature["geometry"]
        assert feature["properties"].items() <= shown["properties"].items()
    assert all(f["properties"]["synthetic"] is True for f in found["features"])
    assert "ข้อมูลสาธิต" in found["note"]["th"]


@pytest.mark.parametrize(
    "who", [public(STATION), Identity(STATION, "sos_point", "sos-01", point_id="sos-01")]
)
def test_the_map_is_not_for_everybody(node: Node, mukdahan: ZoneSet, who: Identity) -> None:
    node.do(CreateStation(mukdahan))
    with node.read() as conn, pytest.raises((NotAllowed, NotSignedIn)):
        queries.zone_geojson(conn, STATION, who)


def test_nobody_sees_the_map_of_another_station(node: Node, mukdahan: ZoneSet) -> None:
    node.do(CreateStation(mukdahan))
    with node.read() as conn, pytest.raises(NotAllowed, match="another station"):
        queries.zone_geojson(conn, STATION, operator("nkp"))


def test_before_there_is_a_station_a_point_still_has_words(node: Node) -> None:
    with node.read() as conn:
        assert queries.what_is_at(conn, STATION, MARKET).words.en == "no safety zone has been drawn yet"
        assert queries.find_station(conn, STATION) is None
        assert not queries.is_synthetic(conn, STATION)
        with pytest.raises(NotFound):
            queries.get_station(conn, STATION)


def test_what_is_at_the_market(node: Node, mukdahan: ZoneSet) -> None:
    node.do(CreateStation(mukdahan))
    with node.read() as conn:
        note = queries.what_is_at(conn, STATION, MARKET)
    assert note.inside_zone
    assert note.words.th == "ที่ตลาดอินโดจีน · ชุมชนศรีสุมังค์"


def test_a_change_is_seen_at_once_and_a_change_undone_is_not(node: Node, mukdahan: ZoneSet) -> None:
    """What is prepared for speed is never older or newer than the reader's own transaction."""
    node.do(CreateStation(mukdahan))
    stall = PlaceNamed(place_id="indochina-market", name=Words("แผง", "Stall"), sort="market", point=MARKET)
    with node.read() as before:
        assert queries.what_is_at(before, STATION, MARKET).words.en.startswith("at Indochina Market")
        with pytest.raises(Conflict) as undone:
            node.do(Redraw([stall], then_fail=True))
        assert undone.value.words.en.startswith("at Stall")
        with node.read() as after:
            assert queries.what_is_at(after, STATION, MARKET).words.en.startswith("at Indochina Market")
        assert node.do(Redraw([stall])).en.startswith("at Stall")
        assert queries.what_is_at(before, STATION, MARKET).words.en.startswith("at Indochina Market")
    with node.read() as after:
        assert queries.what_is_at(after, STATION, MARKET).words.en.startswith("at Stall")


def test_the_question_of_every_emergency_costs_next_to_nothing(node: Node, mukdahan: ZoneSet) -> None:
    """Some 30 µs on a small machine; the limit here is far above, so that only a lost cache can fail it."""
    node.do(CreateStation(mukdahan))
    with node.read() as conn:
        queries.what_is_at(conn, STATION, MARKET)
        best = min(_seconds(lambda: queries.what_is_at(conn, STATION, MARKET)) for _ in range(50))
    assert best < 0.001


def _seconds(ask: object) -> float:
    began = time.perf_counter()
    ask()  # type: ignore[operator]
    return time.perf_counter() - began
