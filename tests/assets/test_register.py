"""The register: owners and agreements, legal steps alone, a place and an owner before service, and only one's own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text

from safezone.assets import handlers, queries, search
from safezone.assets.commands import RegisterAssets
from safezone.assets.commands_register import (
    AssetChange,
    ChangeAsset,
    MoveAsset,
    MoveLifecycle,
    NameOwner,
    PutAssets,
    RecordMou,
)
from safezone.assets.details import get_detail, list_mous, list_owners
from safezone.assets.kinds import KINDS
from safezone.assets.map_of_all import find_marks
from safezone.assets.rules_lifecycle import STEPS, may_reach, may_step
from safezone.assets.station_set import read_station_set
from safezone.assets.tables import asset
from safezone.core.errors import Conflict, Invalid, NotAllowed, NotFound
from safezone.core.geo import Point
from safezone.core.i18n import Words
from safezone.core.identity import Identity
from safezone.core.in_force import SettingsInForce
from safezone.core.settings import Settings
from safezone.events.assets import AssetFacts, Lifecycle
from tests.support.engines import EngineName
from tests.zone.ground import MUKDAHAN, STATION, Node

LIFECYCLES = st.sampled_from(get_args(Lifecycle))
PIER = Point(104.7296, 16.5448)
CHIEF = Identity(STATION, "chief", "chief-1")
OWNER = Identity(STATION, "cctv_owner", "somebody", partner_id="municipality")
TODAY = date(2026, 7, 1)


@pytest.fixture
def node(engine: EngineName, tmp_path: Path) -> Iterator[Node]:
    node = Node(tmp_path, lambda bus: handlers.register(bus, SettingsInForce(Settings())))
    node.do(RegisterAssets(read_station_set(MUKDAHAN).assets))
    node.do(NameOwner("municipality", Words("เทศบาล", "Municipality"), "local_government", "กองช่าง"), CHIEF)
    yield node
    node.close()


def facts(code: str, kind: str = "light_pole", **more: Any) -> AssetFacts:
    given = {"owner_id": "municipality", "point": PIER, "lifecycle": "in_service", **more}
    name = Words(f"ชื่อ {code}", f"name {code}")
    return AssetFacts(id=code.lower(), kind=kind, code=code, name=name, owner=Words("", ""), **given)


def view(node: Node, asset_id: str, who: Identity = CHIEF) -> queries.AssetView:
    with node.read() as conn:
        return queries.get_asset_view(conn, STATION, who, asset_id)


# ── steps ──


@given(LIFECYCLES, LIFECYCLES)
def test_nothing_leads_out_of_the_end_and_a_step_on_is_never_refused_to_a_list(
    one: Lifecycle, other: Lifecycle
) -> None:
    assert not may_step("retired", other)
    assert not may_step(one, one)
    order = list(STEPS)
    if may_step(one, other) and order.index(other) > order.index(one):
        assert may_reach(one, other)
    if may_reach(one, other):
        assert order.index(other) >= order.index(one)


def test_it_comes_to_service_step_by_step_and_only_with_a_place_and_an_owner(node: Node) -> None:
    node.do(PutAssets([facts("lamp-1", lifecycle="approved", point=None, owner_id=None)], []), CHIEF)
    with pytest.raises(Conflict, match="cannot become “in service”"):
        node.do(MoveLifecycle("lamp-1", "in_service", "soon"), CHIEF)
    node.do(MoveLifecycle("lamp-1", "installed", "borrowed"), CHIEF)
    with pytest.raises(Invalid, match="without a place and an owner"):
        node.do(MoveLifecycle("lamp-1", "in_service", "now"), CHIEF)
    node.do(MoveAsset("lamp-1", PIER), Identity(STATION, "technician", "t"))
    node.do(ChangeAsset("lamp-1", AssetChange(owner_id="municipality")), CHIEF)
    node.do(MoveLifecycle("lamp-1", "in_service", "now"), CHIEF)
    shown = view(node, "lamp-1")
    assert (shown.lifecycle, shown.owner.en, shown.place) == ("in_service", "Municipality", PIER)
    node.do(MoveLifecycle("lamp-1", "retired", "broken"), CHIEF)
    with pytest.raises(Conflict, match="it is over"):
        node.do(MoveLifecycle("lamp-1", "in_service", "again"), CHIEF)
    with node.read() as conn:
        detail = get_detail(conn, CHIEF, "lamp-1", node.bus.reader(), TODAY)
    assert [line.words.en for line in detail.history] == [
        "in service → retired",
        "installed → in service",
        "changed: owner's name, owner",
        "moved",
        "approved → installed",
        "registered",
    ]
    assert [line.text for line in detail.history][:2] == ["broken", "now"]
    assert [(each.place, each.by) for each in detail.places] == [(PIER, "technician:t")]
    assert node.verdict().content


def test_a_day_to_come_is_no_day_on_which_something_happened(node: Node) -> None:
    with pytest.raises(Invalid, match="has not come yet"):
        node.do(MoveLifecycle("sos-01", "retired", "x", date(2999, 1, 1)), CHIEF)


def test_a_place_outside_the_country_is_asked_about(node: Node) -> None:
    far = Point(2.35, 48.85)
    node.do(PutAssets([facts("van-1", "mobile_cctv")], []), CHIEF)
    with pytest.raises(Invalid, match="confirm_place"):
        node.do(MoveAsset("van-1", far), CHIEF)
    node.do(MoveAsset("van-1", far, confirmed=True), CHIEF)
    assert view(node, "van-1").place == far


def test_cameras_move_with_their_site_and_are_counted_where_they_hang(node: Node) -> None:
    new = [facts("cam-x", "camera", site_id="site-x", point=None), facts("site-x", "camera_site")]
    node.do(PutAssets(new, []), CHIEF)
    assert (view(node, "site-x").camera_count, view(node, "cam-x").place) == (1, PIER)
    node.do(MoveAsset("site-x", Point(104.74, 16.55)), CHIEF)
    assert view(node, "cam-x").place == Point(104.74, 16.55)
    with pytest.raises(Invalid, match="stands_at_site"):
        node.do(MoveAsset("cam-x", PIER), CHIEF)
    node.do(ChangeAsset("cam-x", AssetChange(site_id="cs-01")), CHIEF)
    assert (view(node, "site-x").camera_count, view(node, "cs-01").camera_count) == (0, 5)
    assert view(node, "cam-x").place == view(node, "cs-01").place
    assert node.verdict().content


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"kind": "cannon"}, "unknown_kind"),
        ({"owner_id": "nobody"}, "unknown_owner"),
        ({"mou_id": "none"}, "unknown_mou"),
        ({"site_id": "cs-01"}, "unknown_site"),
        ({"point": Point(0.0, 0.0)}, "place_out_of_range"),
        ({"point": None}, "not_ready_for_service"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_of_the_list_is_kept(
    node: Node, wrong: dict[str, Any], code: str
) -> None:
    before = len(node.log())
    with pytest.raises(Invalid) as refused:
        node.do(PutAssets([facts("fine-1"), facts("wrong-1", **wrong)], []), CHIEF)
    assert refused.value.code == code
    assert len(node.log()) == before


# ── owners and their agreements ──


def test_an_agreement_that_has_run_out_shows_on_what_is_used_under_it(node: Node) -> None:
    days = (date(2026, 1, 1), date(2026, 6, 30))
    mou_id = node.do(RecordMou("municipality", "1/2569", *days, Words("กล้อง", "cameras")), CHIEF)
    node.do(PutAssets([facts("lamp-1", mou_id=mou_id), facts("lamp-2")], []), CHIEF)
    assert view(node, "lamp-1").mou_until == date(2026, 6, 30)
    with node.read() as conn:
        wanted = search.Wanted(promise="overdue")
        on_the_day = search.find_page(conn, CHIEF, wanted, date(2026, 6, 30))
        after = search.find_page(conn, CHIEF, wanted, TODAY)
        assert [each.id for each in on_the_day.items] == []
        assert [each.id for each in after.items] == ["lamp-1"]
        assert list_mous(conn, CHIEF, TODAY)[0].overdue
        assert search.tally(conn, CHIEF, TODAY).promises_overdue == 1
    longer = (days[0], date(2027, 6, 30))
    node.do(RecordMou("municipality", "1/2569", *longer, Words("กล้อง", "cameras"), mou_id), CHIEF)
    with node.read() as conn:
        assert search.tally(conn, CHIEF, TODAY).promises_overdue == 0
    with pytest.raises(Invalid, match="ends before"):
        node.do(RecordMou("municipality", "2", days[1], days[0], Words("x", "x")), CHIEF)


def test_whom_to_ask_is_sealed_and_shown_to_those_who_keep_the_register(node: Node) -> None:
    assert all("กองช่าง" not in str(entry.event) for entry in node.log())
    with node.read() as conn:
        assert list_owners(conn, CHIEF)[0].contact == "กองช่าง"
        assert list_owners(conn, Identity(STATION, "operator", "o"))[0].contact is None


def test_an_owner_by_another_name_is_called_so_everywhere(node: Node) -> None:
    node.do(PutAssets([facts("lamp-1")], []), CHIEF)
    node.do(NameOwner("municipality", Words("เทศบาลเมือง", "Town"), "local_government"), CHIEF)
    assert view(node, "lamp-1").owner == Words("เทศบาลเมือง", "Town")
    assert node.verdict().content


# ── whose it is ──


@pytest.fixture
def both(node: Node) -> Node:
    node.do(NameOwner("shop", Words("ร้านทอง", "Gold shop"), "business"), CHIEF)
    kinds = [kind for kind in KINDS if kind != "camera"]
    new = [
        facts(f"{owner[:4]}-{kind}", kind, owner_id=owner)
        for owner in ("shop", "municipality")
        for kind in kinds
    ]
    node.do(PutAssets(new, []), CHIEF)
    return node


def test_an_owner_sees_his_own_and_nothing_else_anywhere(both: Node) -> None:
    with both.read() as conn:
        shown = search.find_page(conn, OWNER, search.Wanted(), TODAY)
        assert {each.owner_id for each in shown.items} == {"municipality"}
        assert shown.total == len(KINDS) - 1
        for wanted in (
            search.Wanted(owner_id="shop"),
            search.Wanted(q="shop"),
            search.Wanted(q="ร้านทอง"),
            search.Wanted(bbox="97,5,106,21", kind="sos_point", q="sos-0"),
        ):
            assert search.find_page(conn, OWNER, wanted, TODAY).total == 0, wanted
            assert find_marks(conn, OWNER, wanted, TODAY).id == []
            assert search.list_rows(conn, OWNER, wanted, TODAY, 10) == []
        assert sum(search.tally(conn, OWNER, TODAY).by_kind.values()) == shown.total
        assert [each.id for each in list_owners(conn, OWNER)] == ["municipality"]
        assert {each.owner_id for each in queries.list_asset_views(conn, STATION, OWNER)} == {"municipality"}
    for asset_id in ("shop-drone", "sos-01"):
        with pytest.raises(NotFound):
            view(both, asset_id, OWNER)
    with pytest.raises(NotAllowed):
        both.do(MoveLifecycle("muni-drone", "retired", "mine"), OWNER)
    nobody = Identity(STATION, "cctv_owner", "x", partner_id=None)
    with both.read() as conn:
        assert search.find_page(conn, nobody, search.Wanted(), TODAY).total == 0


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("ตลาดอินโดจีน", True),
        ("indochina NORTH", True),
        ("โดจีน", True),
        ("cs-01", True),
        ("100%", False),
        ("_", False),
    ],
)
def test_words_are_found_without_spaces_and_in_any_case(node: Node, q: str, found: bool) -> None:
    with node.read() as conn:
        page = search.find_page(conn, CHIEF, search.Wanted(q=q), TODAY, limit=3)
    assert bool(page.items) == found
    assert page.total >= len(page.items)


def test_a_page_begins_where_the_last_one_ended(node: Node) -> None:
    with node.read() as conn:
        pages = [search.find_page(conn, CHIEF, search.Wanted(), TODAY, at, 40) for at in (0, 40, 80)]
        marks = find_marks(conn, CHIEF, search.Wanted(), TODAY)
        with pytest.raises(Invalid, match="west,south,east,north"):
            search.find_page(conn, CHIEF, search.Wanted(bbox="1,2,3"), TODAY)
    assert [each.total for each in pages] == [87, 87, 87]
    ids = [each.id for page in pages for each in page.items]
    assert ids == sorted(set(ids))
    assert len(ids) == 87
    assert len(marks.id) == len(marks.lon) == 26, "cameras stand at their sites"


@pytest.mark.parametrize("zoom", [2.0, 9.5, 13.0, 15.9, 17.0, 18.0, None])
def test_on_the_map_everything_is_counted_once_however_it_is_gathered(node: Node, zoom: float | None) -> None:
    with node.read() as conn:
        marks = find_marks(conn, CHIEF, search.Wanted(), TODAY, zoom)
        shown = search.find_page(conn, CHIEF, search.Wanted(), TODAY, limit=500).items
        drawn = {each.id: each for each in shown if each.site_id is None and each.lifecycle != "retired"}
        box = search.Wanted(bbox="104.72,16.53,104.73,16.545")
        inside = find_marks(conn, CHIEF, box, TODAY, zoom)
    assert sum(marks.count) == marks.total == len(drawn)
    assert inside.total == sum(
        104.72 <= p.lon <= 104.73 and 16.53 <= p.lat <= 16.545 for e in drawn.values() if (p := e.place)
    )
    alone = [n for n, count in enumerate(marks.count) if count == 1]
    assert [marks.id[n] for n in range(len(marks.id)) if n not in alone] == [""] * (
        len(marks.id) - len(alone)
    )
    for n in alone:
        one = drawn[marks.id[n]]
        assert one.place is not None
        assert (marks.lon[n], marks.lat[n]) == (round(one.place.lon, 6), round(one.place.lat, 6))
        state = one.readiness if one.lifecycle == "in_service" else "PLANNED"
        assert (marks.kinds[marks.kind[n]], marks.states[marks.state[n]]) == (one.kind, state)
    if zoom is None or zoom >= 18:
        assert len(alone) == len(drawn)
    if zoom == 2.0:
        assert marks.id == [""], "from so far away all of it is one circle"


def test_what_is_found_follows_a_new_name_of_the_owner_and_of_the_thing(node: Node) -> None:
    node.do(PutAssets([facts("lamp-1"), facts("lamp-2")], []), CHIEF)
    node.do(NameOwner("municipality", Words("เทศบาลเมืองใหม่", "New TOWN"), "local_government"), CHIEF)
    node.do(ChangeAsset("lamp-2", AssetChange(model="Glow 3")), CHIEF)

    def found(q: str) -> list[str]:
        with node.read() as conn:
            return [each.id for each in search.find_page(conn, CHIEF, search.Wanted(q=q), TODAY).items]

    assert found("เมืองใหม่") == found("new town lamp") == ["lamp-1", "lamp-2"]
    assert found("glow") == ["lamp-2"]
    assert node.verdict().content


@pytest.mark.parametrize("q", ["", " ", "sos-0"])
def test_a_search_on_the_map_reads_the_rows_as_they_lie(node: Node, q: str) -> None:
    box = search.Wanted(q=q, bbox="104.72,16.53,104.73,16.545")
    with node.read() as conn:
        within = find_marks(conn, CHIEF, box, TODAY)
        everywhere = find_marks(conn, CHIEF, search.Wanted(q=q), TODAY)
        found = search.from_found(select(asset.c.id), CHIEF, box, TODAY).order_by(None)
        plan = str(found.compile(conn, compile_kwargs={"literal_binds": True}))
        how = (
            ""
            if conn.dialect.name != "sqlite"
            else str(conn.execute(text(f"EXPLAIN QUERY PLAN {plan}")).all())
        )
    places = zip(everywhere.id, everywhere.lon, everywhere.lat, strict=True)
    assert sorted(within.id) == sorted(
        id_ for id_, lon, lat in places if 104.72 <= lon <= 104.73 and 16.53 <= lat <= 16.545
    )
    assert 0 < within.total < everywhere.total
    if how:
        assert ("asset_on_map" in how) == (not q.strip()), (
            "by places, 50,000 rows would be fetched one by one"
        )
