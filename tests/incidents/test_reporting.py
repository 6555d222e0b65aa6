"""Reports: taken once, by whatever path; two presses of a pole are one incident; an unknown pole is one all the same."""

from __future__ import annotations

from datetime import timedelta
from typing import get_args

import pytest
from sqlalchemy import func, select

from safezone.core.errors import Invalid, NotAllowed, NotFound, NotSignedIn, SafezoneError
from safezone.core.geo import Point
from safezone.core.identity import Role
from safezone.core.settings import Priorities
from safezone.events.incidents import IncidentKind
from safezone.incidents import queries
from safezone.incidents.commands import CorrectPlace, Reporter
from safezone.incidents.rules import priority_of
from safezone.incidents.surroundings import Estate, Surroundings
from safezone.incidents.tables import report
from safezone.incidents.views import PublicStatus
from tests.incidents.desk import MARKET, OPERATOR, PUBLIC, SYSTEM, Desk
from tests.support.engines import bytes_on_disk
from tests.support.station import STATION, who

A_STEP = 0.001
"""About 107 m of longitude in Mukdahan."""


def count_reports(desk: Desk) -> int:
    return int(desk.rows(select(func.count()).select_from(report))[0][0])


# ── once ──


def test_the_same_report_again_gets_the_first_receipt(desk: Desk) -> None:
    first = desk.press(key="the same")
    head = desk.head()
    again = desk.press(key="the same")
    assert (again.report_id, again.incident_id, again.tracking_code, again.joined) == (
        first.report_id, first.incident_id, first.tracking_code, False
    )  # fmt: skip
    assert (first.repeated, again.repeated) == (False, True)
    assert desk.head() == head, "nothing has happened"


def test_the_same_report_in_one_transaction_is_one(desk: Desk) -> None:
    asked = [desk.engine.lane.submit(_report("same"), OPERATOR) for _ in range(30)]
    receipts = [future.result(timeout=60) for future in asked]
    assert len({receipt.report_id for receipt in receipts}) == 1
    assert count_reports(desk) == 1


def test_a_repetition_after_the_incident_was_closed_opens_nothing(desk: Desk) -> None:
    first = desk.press(key="late")
    desk.close_as(desk.view(first.incident_id), "false_alarm")
    desk.clock.advance(3600)
    assert desk.press(key="late").incident_id == first.incident_id
    assert desk.view(first.incident_id).state == "closed"
    assert desk.open_list() == []


def _report(key: str) -> object:
    from safezone.incidents.commands import ReportEmergency

    return ReportEmergency(dedupe_key=key, channel="phone", about="fire")


# ── twins ──


def test_two_presses_of_a_pole_within_a_minute_are_one_incident(desk: Desk) -> None:
    first = desk.press()
    for _ in range(3):
        desk.clock.advance(59)
        assert desk.press().incident_id == first.incident_id, "each press begins the minute anew"
    view = desk.view(first.incident_id)
    assert (view.report_count, view.version, view.last_report_at) == (4, 1, desk.clock.now())
    assert len(desk.detail(first.incident_id).reports) == 4
    assert desk.kinds(first.incident_id) == ["report_received", "incident_opened"] + ["report_received"] * 3
    assert [r.joined for r in desk.rows(select(report.c.joined).order_by(report.c.at_us))] == [
        False,
        True,
        True,
        True,
    ]


def test_a_press_after_a_minute_is_another_incident(desk: Desk) -> None:
    first = desk.press()
    desk.clock.advance(60.000001)
    second = desk.press()
    assert second.incident_id != first.incident_id
    assert desk.view(second.incident_id).twins == [first.incident_id], "but it is suggested as the same"


def test_another_pole_is_another_incident(desk: Desk) -> None:
    assert desk.press("sos-01").incident_id != desk.press("sos-02").incident_id


def test_a_press_after_the_incident_was_closed_is_a_new_emergency(desk: Desk) -> None:
    first = desk.press()
    desk.close_as(desk.view(first.incident_id), "prank")
    assert desk.press().incident_id != first.incident_id


def test_a_press_joins_the_incident_into_which_the_first_was_merged(desk: Desk) -> None:
    by_phone = desk.opened(place=MARKET)
    pressed = desk.press()
    last = desk.opened()
    desk.merge(desk.view(pressed.incident_id), by_phone)
    desk.merge(desk.view(by_phone.id), last)
    for reports in (4, 5):
        desk.clock.advance(50)
        again = desk.press()
        assert (again.incident_id, again.joined) == (last.id, True), "each press begins the minute anew"
        assert desk.view(last.id).report_count == reports


def test_a_clock_that_was_set_back_does_not_make_one_incident_of_an_hour(desk: Desk) -> None:
    first = desk.press()
    desk.clock.advance(-3600)
    assert desk.press().incident_id != first.incident_id


def test_near_reports_are_suggested_and_never_merged(desk: Desk) -> None:
    first = desk.opened(place=MARKET)
    near = desk.opened(place=Point(MARKET.lon + A_STEP, MARKET.lat))
    far = desk.opened(place=Point(MARKET.lon + 3 * A_STEP, MARKET.lat))
    assert near.id != first.id
    assert near.twins == [first.id]
    assert desk.view(first.id).twins == [near.id], "each shows the other"
    assert far.twins == []
    assert desk.kinds(near.id) == ["report_received", "incident_opened", "twin_suggested"]


def test_what_was_near_long_ago_is_not_suggested(desk: Desk) -> None:
    first = desk.opened(place=MARKET)
    desk.clock.advance(desk.settings.limits.near_twin_window_s)
    assert desk.opened(place=MARKET).twins == [first.id]
    desk.clock.advance(desk.settings.limits.near_twin_window_s + 1)
    assert desk.opened(place=MARKET).twins == []


def test_the_nearest_three_are_suggested_and_closed_ones_not(desk: Desk) -> None:
    ids = [desk.opened(place=Point(MARKET.lon + n * A_STEP / 10, MARKET.lat)).id for n in range(6)]
    desk.close_as(desk.view(ids[0]))
    assert set(desk.opened(place=MARKET).twins) == set(ids[1:4])


def test_a_pole_and_a_caller_beside_it_are_suggested_to_each_other(desk: Desk) -> None:
    pressed = desk.press()
    place = desk.view(pressed.incident_id).place
    assert place is not None
    assert desk.opened(place=Point(place.lon + A_STEP / 2, place.lat)).twins == [pressed.incident_id]


def test_a_corrected_place_counts_for_the_next_report(desk: Desk) -> None:
    wrong = desk.opened(place=Point(MARKET.lon + 0.01, MARKET.lat))
    desk.on(wrong, CorrectPlace, MARKET)
    assert desk.opened(place=MARKET).twins == [wrong.id]


# ── what an incident begins with ──


def test_a_press_of_a_known_pole_knows_where_it_is(desk: Desk) -> None:
    view = desk.view(desk.press("sos-03").incident_id)
    assert view.place is not None
    assert view.place_confirmed
    assert view.place_name is not None
    assert view.zone_note is not None
    assert view.cameras
    assert [camera.distance_m for camera in view.cameras] == sorted(
        camera.distance_m for camera in view.cameras
    )
    assert (view.kind, view.priority, view.channel, view.state) == ("sos", 1, "sos_point", "reported")
    assert view.synthetic, "the demonstration says on everything that it is one"


def test_an_unknown_pole_is_an_incident_all_the_same(desk: Desk) -> None:
    view = desk.view(desk.press("sos-99").incident_id)
    assert (view.sos_point, view.place, view.place_confirmed, view.place_name) == (
        "sos-99",
        None,
        False,
        None,
    )
    assert (view.priority, view.cameras) == (1, [])


class BrokenEstate:
    """An estate that cannot answer anything."""

    def _fail(self, *_: object) -> None:
        raise SafezoneError("the estate is not there")

    find_sos_point = describe_place = list_near_cameras = is_synthetic = _fail


def test_the_alert_does_not_depend_on_what_stands_around_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    estate: Estate = BrokenEstate()  # type: ignore[assignment]
    monkeypatch.setattr(desk.surroundings, "_estate", estate)
    assert isinstance(desk.surroundings, Surroundings)
    view = desk.view(desk.press("sos-03").incident_id)
    assert (view.state, view.sos_point, view.place, view.cameras) == ("reported", "sos-03", None, [])


@pytest.mark.parametrize("kind", get_args(IncidentKind))
def test_a_report_begins_with_the_priority_of_its_kind(desk: Desk, kind: IncidentKind) -> None:
    view = desk.opened(about=kind)
    assert (view.kind, view.priority) == (kind, priority_of(kind, Priorities()))


def test_incidents_of_a_year_are_numbered_without_a_gap(desk: Desk) -> None:
    with pytest.raises(NotSignedIn):
        desk.report(PUBLIC)
    numbers = [desk.opened().number for _ in range(3)]
    assert numbers == ["2569/000001", "2569/000002", "2569/000003"]
    desk.clock.advance(42 * 24 * 3600)
    assert desk.opened().number == "2570/000001"


def test_only_who_can_know_confirms_the_place(desk: Desk) -> None:
    """A pole stands where it stands and an operator has asked; a stranger's word is a claim, also about a pole."""
    assert desk.opened(place=MARKET).place_confirmed
    stranger = desk.view(desk.report(PUBLIC, channel="web", place=MARKET).incident_id)
    assert (stranger.place, stranger.place_confirmed) == (MARKET, False)
    at_pole = desk.view(desk.report(PUBLIC, channel="web", sos_point="sos-05").incident_id)
    assert not at_pole.place_confirmed
    assert at_pole.place is not None


@pytest.mark.parametrize("place", [Point(999, 16), Point(0, 0), Point(16.5, 104.7)])
def test_what_is_no_place_is_refused_also_beside_a_pole(desk: Desk, place: Point) -> None:
    for pole in (None, "sos-03"):
        with pytest.raises(Invalid, match="place_out_of_range"):
            desk.report(place=place, sos_point=pole)
    assert count_reports(desk) == 0


def test_a_wrong_clock_is_kept_and_not_believed(desk: Desk) -> None:
    now = desk.clock.now()
    for hours, trusted in ((0, True), (24 * 365 * 40, False), (-24 * 365 * 40, False)):
        receipt = desk.press("sos-01", claimed_at=now + timedelta(hours=hours))
        (said,) = [r for r in desk.detail(receipt.incident_id).reports if r.id == receipt.report_id]
        assert (said.at, said.claimed_at, said.claim_trusted) == (now, now + timedelta(hours=hours), trusted)


# ── who may report what ──


@pytest.mark.parametrize("role", ["unit", "auditor", "public"])
def test_what_came_by_telephone_is_written_by_the_command_centre(desk: Desk, role: Role) -> None:
    with pytest.raises((NotAllowed, NotSignedIn)):
        desk.report(who(role, "car-1"), channel="phone")


def test_a_pole_reports_for_itself_alone(desk: Desk) -> None:
    with pytest.raises(NotAllowed, match="not_your_point"):
        desk.report(who("sos_point", "sos-01"), channel="sos_point", sos_point="sos-02")
    with pytest.raises(NotAllowed, match="not_your_point"):
        desk.report(who("sos_point", "sos-01"), channel="http")


@pytest.mark.parametrize("role", ["operator", "unit", "public"])
def test_nobody_else_speaks_as_a_pole(desk: Desk, role: Role) -> None:
    with pytest.raises((NotAllowed, NotSignedIn)):
        desk.report(who(role, "car-1"), channel="sos_point", sos_point="sos-02")


# ── what is personal ──

WORDS = "ชายเสื้อดำวิ่งไปทางตลาด"
NAME = "นางสาวตัวอย่าง"
PHONE = "080-000-0000"
PLACE_TEXT = "หน้าร้านทองตัวอย่าง"
EXACT = Point(104.7297123, 16.5430456)


def test_a_citizens_words_name_and_place_are_sealed(desk: Desk) -> None:
    receipt = desk.report(
        PUBLIC, channel="web", text=WORDS, place=EXACT, place_text=PLACE_TEXT, reporter=Reporter(NAME, PHONE)
    )
    (said,) = desk.detail(receipt.incident_id).reports
    assert (said.text, said.place, said.place_text) == (WORDS, EXACT, PLACE_TEXT)
    assert said.reporter == Reporter(NAME, PHONE)
    assert desk.view(receipt.incident_id).summary == WORDS
    on_disk = bytes_on_disk(desk.path)
    assert receipt.report_id.encode() in on_disk, "this looks at the right files"
    for secret in (WORDS, NAME, PHONE, PLACE_TEXT, "104.7297123", "16.5430456"):
        assert secret.encode() not in on_disk, secret
    assert desk.verdict().content


def test_the_public_status_tells_the_stage_and_nothing_else(desk: Desk) -> None:
    receipt = desk.report(PUBLIC, channel="web", text=WORDS, place=EXACT, reporter=Reporter(NAME, PHONE))
    other = desk.report(PUBLIC, channel="web", text="another")

    def status(code: str) -> PublicStatus:
        with desk.read() as conn:
            return queries.get_public_status(conn, STATION, code)

    first = status(f" {receipt.tracking_code.lower()} ")
    assert set(first.__struct_fields__) == {"tracking_code", "state", "words", "reported_at", "changed_at"}
    assert (first.state, first.reported_at, first.changed_at) == (
        "reported",
        desk.clock.now(),
        desk.clock.now(),
    )
    desk.clock.advance(5)
    sent = desk.dispatch(desk.view(receipt.incident_id), "car-1")
    assert (status(receipt.tracking_code).state, status(receipt.tracking_code).changed_at) == (
        "dispatched",
        desk.clock.now(),
    )
    assert status(other.tracking_code).state == "reported"
    desk.merge(sent, desk.view(other.incident_id))
    assert status(receipt.tracking_code).state == "dispatched", "it goes on where it was merged into"
    with pytest.raises(NotFound):
        status("0000000000")
    with desk.read() as conn, pytest.raises(NotFound):
        queries.get_public_status(conn, "nki", receipt.tracking_code)


def test_a_station_synthetic_or_not_is_told_by_the_ground(desk: Desk) -> None:
    with desk.read() as conn:
        assert desk.surroundings.is_synthetic(conn, STATION)
        assert not desk.surroundings.is_synthetic(conn, "nki")
    assert SYSTEM.station == STATION
