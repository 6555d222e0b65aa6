"""Looked at, mended by one and accepted by another, lent and brought back, tried from end to end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from safezone.assets.commands import AssessReadiness, RecordHeartbeat
from safezone.assets.commands_register import PutAssets
from safezone.assets.commands_upkeep import EndOverdueTests
from safezone.assets.details import get_detail, list_loans, list_orders
from safezone.assets.kinds import KINDS
from safezone.assets.queries import get_asset_view
from safezone.assets.register import facts_of
from safezone.assets.rules import WORST_FIRST, Evidence, judge
from safezone.assets.rules_upkeep import ORDER_STEPS, is_overdue, may_accept, result_of, same_person
from safezone.assets.tables import asset
from safezone.core.errors import Conflict
from safezone.core.settings import Heartbeats
from safezone.events.assets import Readiness
from safezone.events.upkeep import OrderStep
from tests.support.engines import EngineName
from tests.support.scenarios_estate import OWNER, new_asset
from tests.support.station import STATION, Api, RunningStation, who

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=400)
SYSTEM = who("system", "test")
CHIEF = who("chief")

AGES = st.one_of(st.none(), st.floats(0, 90 * 86_400).map(lambda age_s: NOW - timedelta(seconds=age_s)))
EVIDENCE = st.builds(
    Evidence,
    lifecycle=st.just("in_service"),
    before=st.sampled_from(get_args(Readiness)),
    heard_at=AGES,
    battery_pct=st.one_of(st.none(), st.floats(0, 100)),
    checked_at=AGES,
    check_ok=st.booleans(),
    tested_at=AGES,
    failed_at=AGES,
    in_service_at=AGES,
    order=st.sampled_from((None, "watch", "down")),
)
SORTS = st.sampled_from([kind for kind in KINDS if kind != "camera_site"])


# ── rules ──


@given(SORTS, EVIDENCE)
def test_without_evidence_nothing_is_ready(kind: str, evidence: Evidence) -> None:
    judged = judge(kind, evidence, NOW, LONG_AGO, Heartbeats(), 31)
    if evidence.heard_at is None and evidence.checked_at is None and evidence.tested_at is None:
        assert judged is not None
        assert judged.readiness != "READY"
        assert judged.readiness == ("DOWN" if evidence.order == "down" else "UNKNOWN")


@given(SORTS, EVIDENCE, st.sampled_from(("watch", "down")))
def test_more_bad_news_never_makes_it_better(kind: str, evidence: Evidence, order: Any) -> None:
    """DOWN > UNKNOWN > WATCH > READY: whatever is said besides, a work order leaves it as bad or makes it worse."""

    def rank(shown: Evidence) -> int:
        judged = judge(kind, shown, NOW, LONG_AGO, Heartbeats(), 31)
        return WORST_FIRST.index(judged.readiness if judged else shown.before)

    without = msgspec.structs.replace(evidence, order=None)
    with_it = msgspec.structs.replace(evidence, order=order)
    assert rank(with_it) <= max(rank(without), 0)
    if order == "down":
        assert rank(with_it) == 0


@pytest.mark.parametrize(
    ("kind", "evidence", "readiness", "reason"),
    [
        ("camera", {"checked_at": NOW, "check_ok": True}, "READY", "somebody looked: it works"),
        ("camera", {"checked_at": NOW, "check_ok": False}, "DOWN", "somebody looked: it does not work"),
        ("camera", {"checked_at": NOW - timedelta(days=40), "check_ok": True}, "UNKNOWN", "nobody has looked at it for 40 d"),
        ("drone", {"checked_at": NOW - timedelta(days=8), "check_ok": True}, "UNKNOWN", "nobody has looked at it for 8 d"),
        ("red_box", {"checked_at": NOW - timedelta(days=40), "check_ok": True}, "READY", "somebody looked: it works"),
        ("red_box", {}, "UNKNOWN", "nobody has looked yet: there is no baseline"),
        ("sos_point", {"heard_at": NOW, "tested_at": NOW - timedelta(days=32)}, "WATCH", "test press is due: the last was 32 d ago"),
        ("sos_point", {"heard_at": NOW, "in_service_at": NOW - timedelta(days=32)}, "WATCH", "in service for 32 d, never tried by a test press"),
        ("sos_point", {"heard_at": NOW, "in_service_at": NOW - timedelta(days=30)}, "READY", "heard as expected"),
        ("sos_point", {"heard_at": NOW, "tested_at": NOW - timedelta(days=2), "failed_at": NOW - timedelta(days=1)}, "WATCH",
         "failed its last test press: mend it, then test it again"),
        ("sos_point", {"heard_at": NOW, "tested_at": NOW - timedelta(days=1), "failed_at": NOW - timedelta(days=2)}, "READY",
         "heard as expected"),
        ("sos_point", {"heard_at": NOW + timedelta(hours=1)}, "WATCH", "the clock was set back: waiting for the next sign of life"),
        ("sos_point", {"heard_at": NOW, "order": "watch"}, "WATCH", "a work order is not accepted yet"),
    ],
)  # fmt: skip
def test_each_piece_of_evidence_says_its_reason(
    kind: str, evidence: dict[str, Any], readiness: str, reason: str
) -> None:
    judged = judge(kind, Evidence("in_service", **evidence), NOW, LONG_AGO, Heartbeats(), 31)
    assert judged is not None
    assert (judged.readiness, judged.reason.en) == (readiness, reason)


@given(st.from_regex("[a-zก-ฮ][a-z0-9ก-ฮ-]{0,11}", fullmatch=True), st.sampled_from(("technician", "admin")))
def test_nobody_accepts_his_own_repair_by_another_hat(name: str, role: str) -> None:
    assert not may_accept(f"{role}:{name}", f"technician:{name.upper()}", None)
    assert not may_accept(f"{role}:{name}", None, f"technician:{name}")
    assert not may_accept(f"{role}:{name}", f" {name} ", None)
    assert may_accept(f"{role}:{name}", f"technician:{name}x", f"technician:{name}x")
    assert not same_person(None, None)


@given(st.lists(st.sampled_from(get_args(OrderStep)), max_size=12))
def test_a_work_order_is_accepted_only_after_it_was_done(steps: list[OrderStep]) -> None:
    state, done = "open", []
    for step in steps:
        if step in ORDER_STEPS[state]:  # type: ignore[index]
            done.append(step)
            state = "assigned" if step == "rejected" else step
    if "accepted" in done:
        assert done[done.index("accepted") - 1] == "done"
        assert done[-1] == "accepted"


@given(
    st.booleans(),
    st.booleans(),
    st.sampled_from((None, True, False)),
    st.sampled_from((None, "drill", "resolved", "false_alarm")),
)
def test_a_test_passes_only_with_all_of_it(
    pressed: bool, seen: bool, lit: bool | None, outcome: str | None
) -> None:
    said = result_of(pressed=pressed, seen=seen, lamp_lit=lit, outcome=outcome)
    assert (said is not None and said[0] == "passed") == (
        pressed and seen and lit is True and outcome == "drill"
    )
    if outcome not in (None, "drill"):
        assert said is not None
        assert said[0] == "real", "somebody needed help: no test"


@given(st.dates(), st.dates())
def test_the_last_day_still_counts(day: date, today: date) -> None:
    assert is_overdue(day, today) == (today > day)


# ── a station ──


@pytest.fixture(scope="module")
def station(engine: EngineName, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStation]:
    station = RunningStation(tmp_path_factory.mktemp("upkeep"))
    station.api("chief").act("/api/v1/estate/owners/municipality", OWNER)
    for code, kind in (("light-1", "light_pole"), ("light-2", "light_pole"), ("eye-1", "camera")):
        station.api("chief").act("/api/v1/assets", new_asset(code, kind))
    yield station
    station.close()


@pytest.fixture
def chief(station: RunningStation) -> Api:
    return station.api("chief")


@pytest.fixture
def technician(station: RunningStation) -> Api:
    return station.api("technician")


def readiness(station: RunningStation, asset_id: str) -> tuple[str, str]:
    station.do(AssessReadiness(station.clock.now()), SYSTEM)
    with station.read() as conn:
        view = get_asset_view(conn, STATION, CHIEF, asset_id)
    return view.readiness, view.readiness_reason.en


def test_a_camera_is_as_somebody_found_it_until_that_is_too_old(
    station: RunningStation, technician: Api
) -> None:
    assert readiness(station, "eye-1")[0] == "UNKNOWN"
    technician.act("/api/v1/assets/eye-1/checks", {"ok": True, "note": "ภาพชัด"})
    assert readiness(station, "eye-1") == ("READY", "somebody looked: it works")
    technician.act("/api/v1/assets/eye-1/checks", {"ok": False, "note": "ภาพดำ"})
    assert readiness(station, "eye-1") == ("DOWN", "somebody looked: it does not work")
    technician.act("/api/v1/assets/eye-1/checks", {"ok": True})
    station.clock.advance(31 * 86_400)
    assert readiness(station, "eye-1") == ("UNKNOWN", "nobody has looked at it for 31 d")
    refused = technician.post("/api/v1/assets/sos-01/checks", {"ok": True})
    assert refused.json()["code"] == "not_by_looking"


def test_whoever_fixed_it_does_not_accept_it(station: RunningStation, chief: Api, technician: Api) -> None:
    technician.act("/api/v1/assets/light-1/checks", {"ok": True})
    opened = station.api("operator").act(
        "/api/v1/assets/light-1/work-orders", {"severity": "down", "text": "ไฟไม่ติด"}
    )
    order = opened["orders"][0]
    assert readiness(station, "light-1") == ("DOWN", "broken: a work order is not accepted yet")
    step = f"/api/v1/estate/work-orders/{order['id']}/step"
    assert technician.post(step, {"step": "accepted"}).status_code == 409
    assert chief.post(step, {"step": "assigned"}).json()["code"] == "no_fixer"
    chief.act(step, {"step": "assigned", "fixer": "Technician "})
    technician.act(step, {"step": "done", "note": "เปลี่ยนหลอด"})
    for name in ("technician",):
        refused = station.api(name).post(step, {"step": "accepted"})
        assert (refused.status_code, refused.json()["code"]) == (403, "own_repair")
    assert readiness(station, "light-1")[0] == "DOWN", "done is not yet accepted"
    technician.act("/api/v1/assets/light-1/checks", {"ok": False})
    until = (station.clock.now().date() + timedelta(days=3)).isoformat()
    refused = technician.post("/api/v1/assets/light-1/loans", {"borrower": "วัด", "until_day": until})
    assert (refused.status_code, refused.json()["code"]) == (409, "broken")
    accepted = chief.act(step, {"step": "accepted"})["items"][0]
    assert readiness(station, "light-1") == ("READY", "somebody looked: it works"), (
        "who accepts it has looked"
    )
    assert (accepted["state"], accepted["text"], accepted["note"]) == ("accepted", "ไฟไม่ติด", "เปลี่ยนหลอด")
    technician.act("/api/v1/assets/light-1/checks", {"ok": True})
    assert readiness(station, "light-1")[0] == "READY"


def test_a_work_order_is_overdue_after_its_day(station: RunningStation, chief: Api) -> None:
    opened = chief.act("/api/v1/assets/light-2/work-orders", {"severity": "watch", "text": "หรี่"})["orders"][0]
    due = date.fromisoformat(opened["due_on"])
    with station.read() as conn:
        (on_it,) = list_orders(conn, CHIEF, due, order_id=opened["id"])
        (after,) = list_orders(conn, CHIEF, due + timedelta(days=1), order_id=opened["id"])
    assert (on_it.overdue, after.overdue) == (False, True)
    chief.act(f"/api/v1/estate/work-orders/{opened['id']}/step", {"step": "cancelled"})
    with station.read() as conn:
        assert not list_orders(conn, CHIEF, due + timedelta(days=1), order_id=opened["id"])[0].overdue


def test_a_light_pole_is_lent_once_at_a_time_and_remembers_where_it_was(
    station: RunningStation, chief: Api, technician: Api
) -> None:
    at = "/api/v1/assets/light-2"
    until = station.clock.now().date() + timedelta(days=3)
    place = {"lon": 104.7277, "lat": 16.544}
    loan = {"borrower": "กรรมการงานวัด", "until_day": until.isoformat(), "condition": "ดี", "place": place}
    lent = technician.act(f"{at}/loans", loan)
    assert (lent["asset"]["place"], lent["loans"][0]["borrower"]) == (place, "กรรมการงานวัด")
    assert technician.post(f"{at}/loans", loan).json()["code"] == "lent_already"
    for state in ("retired", "installed"):
        told = chief.post(f"{at}/lifecycle", {"lifecycle": state, "reason": "หมดอายุ"})
        assert (told.status_code, told.json()["code"]) == (409, "lent_already"), state
    listed = chief.http.post("/api/v1/estate/import?name=a.csv", content=b"code,lifecycle\nlight-2,retired\n")
    report = json.loads(listed.text.splitlines()[-1])["report"]
    assert [(each["row"], each["column"], each["code"]) for each in report["problems"]] == [
        (2, "lifecycle", "lent")
    ]
    assert technician.post("/api/v1/assets/sos-01/loans", loan).json()["code"] == "does_not_move"
    with station.read() as conn:
        assert list_loans(conn, CHIEF, until + timedelta(days=1), out=True)[0].overdue
        assert not list_loans(conn, CHIEF, until, out=True)[0].overdue
    back = technician.act(f"{at}/returns", {"ok": False, "condition": "หลอดแตก"})
    assert [each["text"] for each in back["orders"] if each["state"] == "open"] == ["หลอดแตก"]
    assert technician.post(f"{at}/returns", {"ok": True}).json()["code"] == "not_lent"
    assert [each["place"]["lon"] for each in back["places"]] == [104.7277, 104.7296]
    assert all("กรรมการงานวัด" not in str(entry.event) for entry in station.log())


def test_papers_are_checked_sealed_and_served_so_that_nothing_runs(
    station: RunningStation, technician: Api
) -> None:
    files = "/api/v1/assets/light-1/files"
    pdf = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
    for content, code in (
        (b"<html><script>", "not_a_picture"),
        (b"%PDF-1.7 no end", "paper_cut_off"),
        (b"%PDF-1.7 /JavaScript (app.alert(1)) %%EOF", "paper_acts"),
        (b"PK\x03\x04 something", "not_a_picture"),
    ):
        assert technician.http.post(files, params={"name": "x"}, content=content).json()["code"] == code
    sent = technician.http.post(files, params={"name": "สัญญา.pdf"}, content=pdf).json()
    (file,) = sent["files"]
    assert (file["name"], file["media_type"], file["size"]) == ("สัญญา.pdf", "application/pdf", len(pdf))
    served = technician.get(f"{files}/{file['id']}")
    assert served.content == pdf
    assert served.headers["X-Content-Type-Options"] == "nosniff"
    assert served.headers["Content-Disposition"].startswith("attachment")
    assert station.api("operator").get(f"/api/v1/assets/light-2/files/{file['id']}").status_code == 404


# ── from end to end ──


def test_a_pole_passes_by_the_road_of_a_real_press(station: RunningStation, technician: Api) -> None:
    operator = station.api("operator")
    started = technician.act("/api/v1/assets/sos-02/tests")
    assert started["asset"]["test_until_at"] is not None, "the console can say that a test is under way"
    assert technician.post("/api/v1/assets/sos-02/tests").json()["code"] == "test_under_way"
    test = started["tests"][0]
    station.clock.advance(5)
    incident = operator.incident(station.api("sos-02").report()["incident_id"])
    assert (incident["state"], incident["priority"]) == ("reported", 1), "it rings like any other"
    station.settle()
    station.clock.advance(4)
    incident = operator.on(incident, "acknowledge")
    technician.act(f"/api/v1/estate/tests/{test['id']}/lamp", {"lit": True})
    operator.on(incident, "close", outcome="drill")
    station.settle()
    with station.read() as conn:
        detail = get_detail(conn, CHIEF, "sos-02", station.desk.reader, NOW.date())
    passed = detail.tests[0]
    assert (passed.result, passed.outcome, passed.lamp_lit) == ("passed", "drill", True)
    assert passed.pressed_at is not None
    assert passed.seen_at is not None
    assert [(t - passed.started_at).total_seconds() for t in (passed.pressed_at, passed.seen_at)] == [5, 9]
    assert detail.tested_at == passed.ended_at
    assert detail.asset.test_until_at is None
    assert detail.orders == []


def test_a_real_press_during_a_test_is_never_swallowed(station: RunningStation, technician: Api) -> None:
    """It opens an incident, rings, and whatever the operator decides holds; the test has shown nothing."""
    operator = station.api("operator")
    test = technician.act("/api/v1/assets/sos-03/tests")["tests"][0]
    incident = operator.incident(station.api("sos-03").report()["incident_id"])
    station.settle()
    technician.act(f"/api/v1/estate/tests/{test['id']}/lamp", {"lit": True})
    incident = operator.on(operator.on(incident, "acknowledge"), "close", outcome="handed_over")
    station.settle()
    with station.read() as conn:
        detail = get_detail(conn, CHIEF, "sos-03", station.desk.reader, NOW.date())
    assert (detail.tests[0].result, detail.tested_at) == ("real", None)
    assert incident["outcome"] == "handed_over"


def test_a_press_that_does_not_come_is_a_work_order(station: RunningStation, technician: Api) -> None:
    technician.act("/api/v1/assets/sos-06/tests")
    assert station.do(EndOverdueTests(), SYSTEM) == 0
    station.clock.advance(301)
    assert station.do(EndOverdueTests(), SYSTEM) == 1
    with station.read() as conn:
        detail = get_detail(conn, CHIEF, "sos-06", station.desk.reader, NOW.date())
    assert (detail.tests[0].result, detail.orders[0].severity) == ("failed", "down")
    assert "did not reach the centre" in (detail.orders[0].text or "")
    assert readiness(station, "sos-06")[0] == "DOWN"
    station.api("sos-06").report()
    station.settle()
    with station.read() as conn:
        assert get_detail(conn, CHIEF, "sos-06", station.desk.reader, NOW.date()).tests[0].incident_id is None


def test_a_clock_that_is_set_back_leaves_no_pole_well_for_a_day(station: RunningStation) -> None:
    heard = RecordHeartbeat("light-1")
    station.clock.advance(86_400)
    station.do(heard, SYSTEM)
    station.clock.advance(-86_400)
    assert readiness(station, "light-1") == (
        "WATCH",
        "the clock was set back: waiting for the next sign of life",
    )
    station.do(heard, SYSTEM)
    assert readiness(station, "light-1")[0] == "READY"
    with station.read() as conn:
        view = get_asset_view(conn, STATION, CHIEF, "light-1")
    assert view.last_heartbeat_at == station.clock.now()


def test_what_was_lent_while_a_list_was_checked_keeps_its_state(
    station: RunningStation, chief: Api, technician: Api
) -> None:
    until = (station.clock.now().date() + timedelta(days=3)).isoformat()
    technician.act("/api/v1/assets/light-1/loans", {"borrower": "วัด", "until_day": until})
    with station.read() as conn:
        row = conn.execute(select(asset).where(asset.c.id == "light-1")).one()
    retired = msgspec.structs.replace(facts_of(row), lifecycle="retired")
    with pytest.raises(Conflict, match="lent_already"):
        station.do(PutAssets([], [retired]), who("chief"))
    technician.act("/api/v1/assets/light-1/returns", {"ok": True})


def test_a_lamp_that_stays_dark_fails_although_the_centre_heard_it(
    station: RunningStation, technician: Api
) -> None:
    test = technician.act("/api/v1/assets/sos-07/tests")["tests"][0]
    station.api("sos-07").report()
    station.settle()
    ended = technician.act(f"/api/v1/estate/tests/{test['id']}/lamp", {"lit": False})
    assert (ended["tests"][0]["result"], ended["orders"][0]["severity"]) == ("failed", "watch")
    step = f"/api/v1/estate/work-orders/{ended['orders'][0]['id']}/step"
    station.api("chief").act(step, {"step": "cancelled"})
    failed = ("WATCH", "failed its last test press: mend it, then test it again")
    assert readiness(station, "sos-07") == failed, "an order that is called off mends nothing"
    assert technician.post(f"/api/v1/estate/tests/{test['id']}/stop").status_code == 404


def test_the_log_tells_all_of_it(station: RunningStation) -> None:
    verdict = station.verdict()
    assert verdict.content, verdict
