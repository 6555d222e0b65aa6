"""Registered once, rebuilt from the log, judged by evidence, and asked by every emergency."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from safezone.assets import handlers, queries
from safezone.assets.commands import AssessReadiness, RecordHeartbeat, RegisterAssets
from safezone.assets.station_set import AssetSet, read_station_set
from safezone.core.bus import Bus
from safezone.core.db import maybe_from_us
from safezone.core.errors import Conflict, Invalid, NotAllowed, NotFound, NotSignedIn
from safezone.core.event import Entry, kind_of
from safezone.core.geo import Point, distance_m
from safezone.core.identity import Identity, public, system
from safezone.core.in_force import SettingsInForce
from safezone.core.settings import Heartbeats, Settings
from safezone.core.work import UnitOfWork
from safezone.events.assets import (
    AssetReadinessChanged,
    CameraRegistered,
    CameraSiteRegistered,
    SosPointRegistered,
)
from safezone.events.incidents import ReportReceived
from tests.support.engines import EngineName
from tests.zone.ground import MUKDAHAN, STATION, Node, operator

LIMITS = Heartbeats(interval_s=60, watch_after_s=150, down_after_s=300)
MARKET = Point(104.7297, 16.5430)


class Press(msgspec.Struct, frozen=True):
    """A command of this test only: let the listener hear a press, as it would from the log."""

    point: str


def _press(cmd: Press, uow: UnitOfWork) -> None:
    heard = ReportReceived(
        report_id="r",
        incident_id="i",
        channel="sos_point",
        about="sos",
        dedupe_sha256="d",
        sos_point=cmd.point,
    )
    handlers.hear_press(Entry(uow.station, 1, "e", uow.at, uow.actor, heard), heard, uow)


def _register(bus: Bus) -> None:
    handlers.register(bus, SettingsInForce(Settings(heartbeats=LIMITS)))
    bus.handle(Press, _press)


@pytest.fixture(scope="module")
def equipment() -> AssetSet:
    return read_station_set(MUKDAHAN).assets


@pytest.fixture
def node(engine: EngineName, tmp_path: Path, equipment: AssetSet) -> Iterator[Node]:
    node = Node(tmp_path, _register)
    assert node.do(RegisterAssets(equipment)) == 18 + 61 + 8
    node.clock.advance(1)
    yield node
    node.close()


def _pole(point_id: str) -> Identity:
    return Identity(STATION, "sos_point", point_id, point_id=point_id)


def _view(node: Node, asset_id: str) -> queries.AssetView:
    with node.read() as conn:
        return queries.get_asset_view(conn, STATION, operator(), asset_id)


# ── registering ──


def test_the_log_tells_every_table_and_every_event_is_there(node: Node) -> None:
    """Old rows + events = new rows, for every event of a station set and of what is heard."""
    since = node.clock.now()
    node.do(RecordHeartbeat("sos-01"))
    node.do(AssessReadiness(since))
    node.clock.advance(1000)
    node.do(AssessReadiness(since))
    kinds = {entry.kind for entry in node.log()}
    assert kinds == {
        kind_of(event)
        for event in (CameraSiteRegistered, CameraRegistered, SosPointRegistered, AssetReadinessChanged)
    }
    verdict = node.verdict()
    assert verdict.content, verdict
    assert verdict.rows >= 87


def test_a_code_that_is_taken_refuses_the_whole_set(node: Node, equipment: AssetSet) -> None:
    before = node.log()
    new = msgspec.structs.replace(equipment.sos_points[0], point_id="sos-09")
    taken = equipment.sos_points[1]
    with pytest.raises(Conflict, match="“sos-02” is taken"):
        node.do(RegisterAssets(AssetSet(sos_points=[new, taken])))
    with pytest.raises(Conflict, match="“sos-09” is taken"):
        node.do(RegisterAssets(AssetSet(sos_points=[new, new])))
    assert node.log() == before
    assert node.do(RegisterAssets(AssetSet(sos_points=[new]))) == 1


def test_a_camera_without_its_site_is_refused(node: Node, equipment: AssetSet) -> None:
    lost = msgspec.structs.replace(equipment.cameras[0], camera_id="cam-99", site_id="cs-99")
    with pytest.raises(Invalid, match="names the site “cs-99”"):
        node.do(RegisterAssets(AssetSet(cameras=[lost])))


def test_an_operator_does_not_register_equipment(node: Node) -> None:
    with pytest.raises(NotAllowed):
        node.do(RegisterAssets(AssetSet()), operator())


def test_a_site_counts_its_cameras_and_a_camera_stands_at_its_site(node: Node, equipment: AssetSet) -> None:
    site, camera = _view(node, "cs-01"), _view(node, "cam-01")
    assert site.camera_count == sum(c.site_id == "cs-01" for c in equipment.cameras) == 4
    assert (camera.site_id, camera.place, camera.camera_count) == ("cs-01", site.place, None)
    assert site.synthetic
    assert camera.synthetic


# ── well or not ──


def test_a_pole_that_falls_silent_is_shown_and_comes_back(node: Node) -> None:
    since = node.clock.now()
    everything_unknown = node.do(AssessReadiness(since))
    assert everything_unknown == []
    assert node.do(RecordHeartbeat("sos-01", battery_pct=80), _pole("sos-01")) == "ok"
    assert node.do(AssessReadiness(since)) == ["sos-01"]
    assert _view(node, "sos-01").readiness == "READY"
    heard_at = node.clock.now()

    node.clock.advance(200)
    assert node.do(AssessReadiness(since)) == ["sos-01"]
    node.clock.advance(200)
    assert node.do(AssessReadiness(since)) == ["sos-01"]
    down = _view(node, "sos-01")
    assert (down.readiness, down.readiness_reason.en) == ("DOWN", "silent for 6 min")
    assert (down.last_heartbeat_at, down.readiness_since_at) == (heard_at, node.clock.now())

    assert node.do(AssessReadiness(since)) == []
    node.do(RecordHeartbeat("sos-01"), _pole("sos-01"))
    assert node.do(AssessReadiness(since)) == ["sos-01"]
    changes = [entry.event for entry in node.log() if isinstance(entry.event, AssetReadinessChanged)]
    assert [(c.before, c.readiness) for c in changes] == [
        ("UNKNOWN", "READY"),
        ("READY", "WATCH"),
        ("WATCH", "DOWN"),
        ("DOWN", "READY"),
    ]


def test_after_a_restart_silence_is_counted_anew(node: Node) -> None:
    first_start = node.clock.now()
    node.do(RecordHeartbeat("sos-01"))
    node.do(AssessReadiness(first_start))
    node.clock.advance(86_400)
    restarted = node.clock.now()
    assert node.do(AssessReadiness(restarted)) == []
    node.clock.advance(200)
    node.do(AssessReadiness(restarted))
    assert _view(node, "sos-01").readiness == "WATCH"


def test_a_press_is_a_sign_of_life_and_keeps_the_battery(node: Node) -> None:
    node.do(RecordHeartbeat("sos-02", battery_pct=15))
    node.clock.advance(60)
    node.do(Press("sos-02"))
    node.do(Press("sos-99"))
    node.do(AssessReadiness(node.clock.now()))
    view = _view(node, "sos-02")
    assert view.last_heartbeat_at == node.clock.now()
    assert (view.readiness, view.readiness_reason.en) == ("WATCH", "battery at 15 %")


def test_cameras_without_evidence_stay_unknown_and_say_why(node: Node) -> None:
    node.do(AssessReadiness(node.clock.now()))
    assert _view(node, "cam-01").readiness_reason.en == "nothing tells yet how this camera is"
    assert _view(node, "cs-18").readiness_reason.en == "not in service: approved"
    assert _view(node, "cs-01").readiness_reason.en == "nobody has looked at the cameras of this site yet"


def test_a_site_follows_its_cameras(node: Node) -> None:
    since = node.clock.now()
    for camera in ("cam-01", "cam-02", "cam-03", "cam-04"):
        assert node.do(RecordHeartbeat(camera)) == "ok"
    assert node.do(AssessReadiness(since)) == ["cam-01", "cam-02", "cam-03", "cam-04", "cs-01"]
    site = _view(node, "cs-01")
    assert (site.readiness, site.readiness_reason.en) == ("READY", "4 of 4 cameras ready")


@pytest.mark.parametrize(
    ("who", "asset_id", "answer"),
    [
        (_pole("sos-01"), "sos-01", "ok"),
        (_pole("sos-01"), "sos-02", "not_yours"),
        (_pole("sos-99"), "sos-99", "unknown_asset"),
        (operator(), "sos-01", "not_yours"),
        (system(STATION, "mqtt"), "sos-01", "ok"),
        (system("nkp", "mqtt"), "sos-01", "unknown_asset"),
    ],
)
def test_a_heartbeat_is_answered_never_refused(node: Node, who: Identity, asset_id: str, answer: str) -> None:
    assert node.do(RecordHeartbeat(asset_id), who) == answer


def test_heartbeats_in_one_batch_do_not_disturb_each_other(node: Node) -> None:
    asked = [("sos-01", 50.0), ("nothing", None), ("sos-02", -5.0), ("sos-01", None)]
    futures = [
        node.lane.submit(RecordHeartbeat(asset_id, battery_pct=pct), system(STATION, "mqtt"))
        for asset_id, pct in asked
    ]
    assert [future.result(timeout=60) for future in futures] == ["ok", "unknown_asset", "ok", "ok"]
    before = len(node.log())
    assert before == 87


def test_a_heartbeat_heard_late_never_replaces_a_newer_one(node: Node) -> None:
    newest = node.clock.now()
    node.do(RecordHeartbeat("sos-01"))
    node.clock.advance(-30)
    node.do(RecordHeartbeat("sos-01"))
    assert _view(node, "sos-01").last_heartbeat_at == newest
    assert maybe_from_us(None) is None


# ── asking ──


def test_the_pole_that_was_pressed_is_found(node: Node, equipment: AssetSet) -> None:
    with node.read() as conn:
        found = queries.find_sos_point(conn, STATION, "sos-03")
        assert queries.find_sos_point(conn, STATION, "cs-01") is None
        assert queries.find_sos_point(conn, STATION, "sos-99") is None
        assert queries.find_sos_point(conn, "nkp", "sos-03") is None
    assert found is not None
    assert (found.name.en, found.place) == ("Passenger pier", equipment.sos_points[2].point)


def test_the_nearest_cameras_are_those_in_service(node: Node, equipment: AssetSet) -> None:
    with node.read() as conn:
        for asked in (MARKET, Point(104.7277, 16.5440), Point(104.7300, 16.5382)):
            found = queries.nearest_camera_sites(conn, STATION, asked, limit=3)
            by_hand = sorted(
                (distance_m(asked, site.point), site.site_id)
                for site in equipment.sites
                if site.lifecycle == "in_service"
            )
            near = [(away, site_id) for away, site_id in by_hand if away <= queries.NEAR_CAMERA_M][:3]
            assert [site.id for site in found] == [site_id for _, site_id in near]
            assert [site.distance_m for site in found] == pytest.approx([away for away, _ in near], rel=0.01)
        assert queries.nearest_camera_sites(conn, STATION, Point(100.5, 13.75)) == []
        assert queries.nearest_camera_sites(conn, "nkp", MARKET) == []


def test_new_equipment_is_found_at_once(node: Node, equipment: AssetSet) -> None:
    with node.read() as conn:
        assert queries.find_sos_point(conn, STATION, "sos-09") is None
    new = msgspec.structs.replace(equipment.sos_points[0], point_id="sos-09")
    node.do(RegisterAssets(AssetSet(sos_points=[new])))
    with node.read() as conn:
        assert queries.find_sos_point(conn, STATION, "sos-09") is not None


def test_lists_by_kind_and_by_id(node: Node) -> None:
    with node.read() as conn:
        assert len(queries.list_asset_views(conn, STATION, operator())) == 87
        assert len(queries.list_asset_views(conn, STATION, operator(), "camera")) == 61
        some = queries.asset_views(conn, STATION, ["sos-02", "nothing", "cs-01", "sos-02"])
        assert [view.id for view in some] == ["cs-01", "sos-02"]
        assert queries.asset_views(conn, STATION, []) == []
        with pytest.raises(NotFound):
            queries.get_asset_view(conn, STATION, operator(), "nothing")


@pytest.mark.parametrize("who", [public(STATION), _pole("sos-01"), operator("nkp")])
def test_the_equipment_is_not_for_everybody(node: Node, who: Identity) -> None:
    with node.read() as conn, pytest.raises((NotAllowed, NotSignedIn)):
        queries.list_asset_views(conn, STATION, who)


def test_the_questions_of_every_emergency_cost_next_to_nothing(node: Node) -> None:
    """Some 30 µs on a small machine; the limit here is far above, so that only a lost cache can fail it."""
    with node.read() as conn:
        queries.find_sos_point(conn, STATION, "sos-01")
        best_s = 1.0
        for _ in range(50):
            began = time.perf_counter()
            queries.find_sos_point(conn, STATION, "sos-01")
            queries.nearest_camera_sites(conn, STATION, MARKET)
            best_s = min(best_s, time.perf_counter() - began)
    assert best_s < 0.001
