"""Reports and actions over HTTP: taken once by whatever path, answered the same when repeated, refused with words."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from PIL import ExifTags, Image

from safezone.entrypoints.poles import Poles
from safezone.incidents.commands import EscalateOverdue
from tests.support.station import Api, RunningStation, who

MARKET = {"lon": 104.7297, "lat": 16.5430}
PRESSED_AT = "2026-11-20T18:59:58+07:00"


@pytest.fixture
def poles(running: RunningStation) -> Poles:
    """The door of the poles, without a broker in front of it."""
    return Poles(running.desk)


def report(api: Api, body: dict[str, Any], **headers: str) -> tuple[int, dict[str, Any]]:
    answer = api.post("/api/v1/reports", body, **headers)
    return answer.status_code, answer.json()


# ── once, by whatever path ──


async def test_the_same_press_by_mqtt_and_by_http_is_one_report(
    running: RunningStation, poles: Poles
) -> None:
    """The pole gives its counter and its time in both: the second path gets the first receipt."""
    pole, operator = running.api("sos-03"), running.api()
    payload = json.dumps({"n": 7, "at": PRESSED_AT, "kind": "sos"}).encode()
    reply = await poles.on_message("safezone/mdh/sos/sos-03/press", payload)
    assert reply is not None
    assert reply.topic == "safezone/mdh/sos/sos-03/receipt"
    receipt = json.loads(reply.payload)
    again = await poles.on_message("safezone/mdh/sos/sos-03/press", payload)
    assert again == reply, "the pole repeats until it has its receipt, and gets the same"
    body = {"kind": "sos", "claimed_at": PRESSED_AT}
    for how in (
        {**body, "dedupe_key": "7"},
        {**body, "dedupe_key": "7", "claimed_at": "2026-11-20T11:59:58Z"},
    ):
        status, answer = report(pole, how)
        assert (status, answer["incident_id"]) == (200, receipt["incident_id"])
    assert operator.incident(receipt["incident_id"])["report_count"] == 1
    status, other = report(pole, {**body, "dedupe_key": "8"})
    assert (status, other["joined"], other["incident_id"]) == (201, True, receipt["incident_id"])


async def test_a_pole_that_counts_from_one_again_is_heard(running: RunningStation, poles: Poles) -> None:
    """Switched off and on: the counter begins anew, the time does not."""
    incidents = []
    for minute in (0, 5):
        payload = json.dumps({"n": 1, "at": f"2026-11-20T12:0{minute}:00Z"}).encode()
        reply = await poles.on_message("safezone/mdh/sos/sos-03/press", payload)
        assert reply is not None
        incidents.append(json.loads(reply.payload)["incident_id"])
        running.clock.advance(300)
    assert incidents[0] != incidents[1]


async def test_a_press_without_a_time_is_the_same_for_ten_minutes(
    running: RunningStation, poles: Poles
) -> None:
    said = []
    for later_s in (299, 301, 0):
        reply = await poles.on_message("safezone/mdh/sos/sos-03/press", b'{"n": 4}')
        assert reply is not None
        said.append(json.loads(reply.payload)["incident_id"])
        running.clock.advance(later_s)
    assert said[0] == said[1] != said[2]
    assert running.api().incident(said[0])["report_count"] == 1


@pytest.mark.parametrize("key_in", ["dedupe_key", "Idempotency-Key", "both"])
@pytest.mark.parametrize("name", ["operator", "car-1", "public"])
def test_a_repeated_report_gets_the_same_answer(running: RunningStation, name: str, key_in: str) -> None:
    api = running.api(name)
    body: dict[str, Any] = {"kind": "noise", "text": "เสียงดัง"}
    headers = {} if key_in == "dedupe_key" else {"Idempotency_Key": "key-1"}
    body |= {} if key_in == "Idempotency-Key" else {"dedupe_key": "key-1"}
    first, again = report(api, body, **headers), report(api, body, **headers)
    assert (first[0], again[0]) == (201, 200)
    assert first[1] == again[1]
    assert set(first[1]) == {"report_id", "incident_id", "tracking_code", "joined"}
    assert len(running.api().ask("/api/v1/incidents")["items"]) == 1


def test_without_a_key_every_report_counts(running: RunningStation) -> None:
    for _ in range(2):
        assert report(running.api("public"), {"kind": "noise"})[0] == 201
    assert len(running.api().ask("/api/v1/incidents")["items"]) == 2


def test_two_strangers_with_the_same_key_lose_nothing_and_learn_nothing(running: RunningStation) -> None:
    """The public is not one person: a key says "the same again" only together with what was said."""
    one = report(running.api("public"), {"kind": "fire", "text": "ตลาด", "dedupe_key": "1"})
    other = report(running.api("public"), {"kind": "medical", "text": "วัด", "dedupe_key": "1"})
    assert (one[0], other[0]) == (201, 201)
    assert one[1]["incident_id"] != other[1]["incident_id"]
    assert one[1]["tracking_code"] != other[1]["tracking_code"]


def test_a_key_of_somebody_else_is_another_key(running: RunningStation) -> None:
    answers = [
        report(running.api(name), {"kind": "fire", "dedupe_key": "1"})
        for name in ("operator", "supervisor", "car-1")
    ]
    assert [status for status, _ in answers] == [201] * 3
    assert len({answer["incident_id"] for _, answer in answers}) == 3


def test_an_action_that_is_sent_again_is_done_once(running: RunningStation) -> None:
    operator = running.api()
    view = operator.incident(operator.report()["incident_id"])
    path, body = f"/api/v1/incidents/{view['id']}/acknowledge", {"expected_version": view["version"]}
    first = operator.act(path, body, Idempotency_Key="a")
    head = running.head()
    assert operator.act(path, body, Idempotency_Key="a") == first, "without the key it would be a conflict"
    assert running.head() == head
    assert operator.post(path, body).status_code == 409
    reused = operator.post(f"/api/v1/incidents/{view['id']}/notes", {"text": "x"}, Idempotency_Key="a")
    assert (reused.status_code, reused.json()["code"]) == (409, "idempotency_key_reused")
    for _ in range(2):
        operator.act(f"/api/v1/incidents/{view['id']}/notes", {"text": "บันทึก"}, Idempotency_Key="b")
        operator.act("/api/v1/handover", {"text": "ส่งเวร"}, Idempotency_Key="c")
    assert len(operator.ask(f"/api/v1/incidents/{view['id']}")["notes"]) == 1
    assert len(operator.ask("/api/v1/handover")["items"]) == 1


# ── clocks and places that make no sense ──


@pytest.mark.parametrize(
    ("claimed_at", "kept"),
    [
        ("2026-11-20T19:00:00+07:00", "2026-11-20T12:00:00Z"),
        ("2026-11-20T12:00:00", "2026-11-20T12:00:00Z"),
        ("0001-01-01T00:00:00+07:00", "0001-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59-07:00", "9999-12-31T23:59:59Z"),
    ],
)
@pytest.mark.parametrize("name", ["public", "sos-03"])
def test_a_wrong_clock_costs_nobody_the_report(
    running: RunningStation, name: str, claimed_at: str, kept: str
) -> None:
    status, answer = report(running.api(name), {"kind": "sos", "claimed_at": claimed_at, "dedupe_key": "5"})
    assert status == 201
    (said,) = running.api().ask(f"/api/v1/incidents/{answer['incident_id']}")["reports"]
    assert said["claimed_at"] == kept
    assert said["claim_trusted"] == kept.startswith("2026")
    assert said["at"] == "2026-11-20T12:00:00Z"


@pytest.mark.parametrize("place", [{"lon": 999, "lat": 1}, {"lon": 0, "lat": 0}, {"lon": 16.5, "lat": 104.7}])
def test_what_is_no_place_is_refused_in_both_languages(
    running: RunningStation, place: dict[str, float]
) -> None:
    status, problem = report(running.api("public"), {"kind": "fire", "place": place})
    assert (status, problem["code"]) == (422, "place_out_of_range")
    assert problem["words"]["th"]
    assert problem["detail"] == problem["words"]["en"]


def test_a_page_of_the_list_may_be_asked_for_in_any_form_of_time(running: RunningStation) -> None:
    operator = running.api()
    operator.report()
    for before, count in (
        ("2026-11-20T12:00:01", 1), ("2026-11-20T19:00:01+07:00", 1), ("2026-11-20T12:00:00Z", 0), ("0001-01-01T00:00:00+14:00", 0)
    ):  # fmt: skip
        answer = operator.get("/api/v1/incidents", before=before)
        assert (answer.status_code, len(answer.json()["items"])) == (200, count), before


# ── refused with words ──


def test_a_conflict_says_who_did_what_and_how_it_stands(running: RunningStation) -> None:
    operator, other = running.api(), running.api("operator-2")
    view = operator.incident(operator.report()["incident_id"])
    now = operator.on(view, "acknowledge")
    refused = other.post(f"/api/v1/incidents/{view['id']}/acknowledge", {"expected_version": view["version"]})
    problem = refused.json()
    assert (refused.status_code, problem["status"], problem["code"], problem["type"]) == (
        409,
        409,
        "overtaken",
        "about:blank",
    )
    assert refused.headers["content-type"] == "application/problem+json"
    assert problem["current"] == now
    assert "operator:operator" in problem["words"]["th"]
    assert "acknowledged" in problem["words"]["en"]


def test_a_busy_unit_is_named_with_what_it_is_on(running: RunningStation) -> None:
    operator = running.api()
    running.api("car-1").act("/api/v1/units/car-1/duty", {"on": True})
    first = operator.incident(operator.report()["incident_id"])
    operator.on(first, "dispatch", unit_ids=["car-1"])
    second = operator.incident(operator.report()["incident_id"])
    refused = operator.post(
        f"/api/v1/incidents/{second['id']}/dispatch",
        {"expected_version": second["version"], "unit_ids": ["car-1"]},
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "unit_busy")
    assert refused.json()["units"] == [{"unit_id": "car-1", "incident_ids": [first["id"]]}]


def test_when_nothing_can_be_stored_nobody_hears_received(running: RunningStation) -> None:
    running.engine.lane.stop()
    answer = running.api("public").post("/api/v1/reports", {"kind": "fire"})
    assert (answer.status_code, answer.json()["code"]) == (503, "not_stored")
    assert answer.headers["retry-after"] == "2"
    assert "191" in answer.json()["words"]["th"], "in an emergency there is another way"
    running.engine.lane.start()
    assert report(running.api("public"), {"kind": "fire"})[0] == 201


def test_somebody_whose_session_has_ended_may_still_report_an_emergency(running: RunningStation) -> None:
    """An officer's phone with yesterday's cookie on the citizens' page: the report counts, and nothing else does."""
    browser = Api(running.url, None)
    browser.act("/api/v1/session", {"token": running.tokens["operator"]})
    browser.http.headers["X-Safezone"] = "1"
    running.clock.advance(12 * 3600 + 1)
    status, answer = report(browser, {"kind": "fire", "channel": "web"})
    assert status == 201
    assert running.api().incident(answer["incident_id"])["channel"] == "web"
    assert report(browser, {"kind": "fire", "channel": "phone"})[0] == 401
    assert browser.get("/api/v1/incidents").status_code == 401
    bearer = Api(running.url, "no such token")
    assert report(bearer, {"kind": "fire"})[0] == 401, "a device with a wrong secret is told so"
    for each in (browser, bearer):
        each.http.close()


# ── photos and the public ──


def test_a_photo_is_stripped_and_only_a_photo_is_taken(running: RunningStation) -> None:
    operator = running.api()
    incident_id = operator.report()["incident_id"]
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Camera of a witness"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (16.0, 32.0, 31.2)
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(out, "JPEG", exif=exif)
    path = f"/api/v1/incidents/{incident_id}/photos"
    sent = operator.http.post(path, content=out.getvalue(), headers={"Content-Type": "image/jpeg"})
    assert sent.status_code == 201
    (photo,) = operator.ask(f"/api/v1/incidents/{incident_id}")["photos"]
    image = operator.get(photo["url"])
    assert image.headers["content-type"] == "image/jpeg"
    assert not Image.open(io.BytesIO(image.content)).getexif()
    assert b"Camera of a witness" not in image.content
    refused = operator.http.post(path, content=b"%PDF-1.7", headers={"Content-Type": "image/jpeg"})
    assert (refused.status_code, refused.json()["code"]) == (422, "not_a_picture")
    too_large = operator.http.post(path, content=bytes(8 * 1024 * 1024 + 1))
    assert too_large.status_code == 413
    assert len(operator.ask(f"/api/v1/incidents/{incident_id}")["photos"]) == 1


def test_the_reporter_learns_the_stage_and_nothing_about_anybody(running: RunningStation) -> None:
    operator, public = running.api(), running.api("public")
    answer = public.report(
        "robbery", text="ชายเสื้อดำ", place=MARKET, reporter={"name": "ตัวอย่าง", "phone": "080-000-0000"}
    )
    running.clock.advance(20)
    running.do(EscalateOverdue(), who("system", "test"))
    operator.on(operator.incident(answer["incident_id"]), "acknowledge")
    status = public.get(f"/api/v1/reports/{answer['tracking_code']}")
    assert status.json() == {
        "tracking_code": answer["tracking_code"],
        "state": "acknowledged",
        "words": {"th": "รับทราบ", "en": "Acknowledged"},
        "reported_at": "2026-11-20T12:00:00Z",
        "changed_at": "2026-11-20T12:00:20Z",
    }
    assert public.get("/api/v1/reports/AAAAAAAAAA").status_code == 404
