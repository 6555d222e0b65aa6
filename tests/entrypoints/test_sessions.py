"""Coming in, going out and being shut out: links, sessions, tokens and the secrets of poles."""

from __future__ import annotations

import itertools
import json
import socket
from collections.abc import Callable, Iterator
from http.cookies import SimpleCookie
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from sqlalchemy import select

from safezone.core.credentials import credential
from safezone.entrypoints import mqtt_wire as wire
from safezone.entrypoints.who import COOKIE
from tests.support.engines import read_files
from tests.support.feed import Feed
from tests.support.places import eventually
from tests.support.poles import RealBroker, RealPole
from tests.support.running import Station as WholeStation
from tests.support.running import demo
from tests.support.station import Api, RunningStation, template

__all__ = ["demo"]

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStation]:
    station = RunningStation(tmp_path_factory.mktemp("sessions"))
    yield station
    station.close()


@pytest.fixture
def browser(station: RunningStation) -> Iterator[Api]:
    """A browser that shows one of our pages: it keeps cookies, and its changes carry the header."""
    api = Api(station.url, None)
    api.http.headers["X-Safezone"] = "1"
    yield api
    api.http.close()


Opener = Callable[..., Api]


@pytest.fixture
def client(station: RunningStation) -> Iterator[Opener]:
    """Makes clients, with a token or without, and closes them."""
    made: list[Api] = []

    def make(token: str | None = None) -> Api:
        made.append(Api(station.url, token))
        return made[-1]

    yield make
    for each in made:
        each.http.close()


def issue(station: RunningStation, **asked: Any) -> dict[str, str]:
    wanted = {"sort": "token", "role": "operator", "name": f"extra-{next(_numbers)}", **asked}
    given: dict[str, str] = station.api("admin").act("/api/v1/admin/credentials", wanted)
    return given


def revoke(station: RunningStation, credential: dict[str, str]) -> list[dict[str, Any]]:
    path = f"/api/v1/admin/credentials/{credential['credential_id']}/revoke"
    items: list[dict[str, Any]] = station.api("admin").act(path, {"reason": "lost"})["items"]
    return items


def sign_in(browser: Api, token: str) -> httpx.Response:
    return browser.post("/api/v1/session", {"token": token})


def may(station: RunningStation, token: str) -> bool:
    """Whether somebody is known by this bearer token."""
    return httpx.get(
        f"{station.url}/api/v1/session",
        headers={"Authorization": f"Bearer {token}"},
        trust_env=False,
        timeout=60,
    ).is_success


# ── coming in ──


def test_a_session_cookie_is_for_the_browser_alone(station: RunningStation, browser: Api) -> None:
    opened = sign_in(browser, station.tokens["operator"])
    assert opened.status_code == 201
    assert opened.json() == {
        "role": "operator",
        "name": "operator",
        "station": "mdh",
        "unit_id": None,
        "partner_id": None,
        "account_id": None,
        "proven": False,
        "reach": "station",
    }
    morsel = SimpleCookie(opened.headers["set-cookie"])[COOKIE]
    assert morsel["httponly"] is True
    assert (morsel["samesite"].lower(), morsel["path"], morsel["domain"]) == ("strict", "/", "")
    assert int(morsel["max-age"]) == 12 * 3600
    assert morsel.value != station.tokens["operator"], "the token itself does not stay in the browser"
    assert browser.ask("/api/v1/session") == opened.json()
    assert browser.act("/api/v1/handover", {"text": "all quiet"})["actor"] == "operator:operator"


def test_a_unit_is_told_which_one_it_is(station: RunningStation, browser: Api) -> None:
    assert sign_in(browser, station.tokens["car-1"]).json()["unit_id"] == "car-1"


def test_a_one_time_link_opens_one_session(station: RunningStation, browser: Api, client: Opener) -> None:
    link = issue(station, sort="one_time_link", role="supervisor", name="duty", lifetime_s=3600)["secret"]
    assert not may(station, link), "a link is no token"
    assert sign_in(browser, link).json()["role"] == "supervisor"
    again = sign_in(client(), link)
    assert (again.status_code, again.json()["code"]) == (401, "bad_token")
    assert "ขอใหม่จากผู้ดูแลระบบ" in again.json()["words"]["th"]
    assert browser.ask("/api/v1/session")["name"] == "duty", "the session outlives its link"


def test_the_link_of_a_new_station_makes_its_first_administrator(browser: Api) -> None:
    link = {"token": template().new.admin_token}
    opened = sign_in(browser, link["token"])
    assert (opened.status_code, opened.json()["code"]) == (403, "choose_password")
    offer = browser.act("/api/v1/session/invitation", link)
    assert (offer["role"], offer["login"], offer["takes_second_factor"]) == ("admin", None, True)
    chosen = {**link, "login": "first.admin", "password": "a horse on a bridge"}
    assert browser.post("/api/v1/session/invitation/accept", chosen).json()["code"] == "second_factor_needed"


def test_a_link_and_a_token_end_with_their_time(
    station: RunningStation, browser: Api, client: Opener
) -> None:
    link = issue(station, sort="one_time_link", lifetime_s=60)["secret"]
    token = issue(station, lifetime_s=120)["secret"]
    session = sign_in(browser, token)
    assert int(SimpleCookie(session.headers["set-cookie"])[COOKIE]["max-age"]) > 0
    station.clock.advance(61)
    assert sign_in(client(), link).status_code == 401
    assert browser.get("/api/v1/session").is_success
    station.clock.advance(60)
    assert not may(station, token)
    assert browser.get("/api/v1/session").status_code == 401, "no session outlives its token"


@pytest.mark.parametrize("token", ["", "x", "ก" * 50, "\x00", " " * 100])
def test_a_wrong_token_lets_nobody_in(token: str, browser: Api) -> None:
    refused = sign_in(browser, token)
    assert (refused.status_code, refused.json()["code"]) == (401, "bad_token")
    assert "set-cookie" not in refused.headers


def test_the_secret_of_a_pole_opens_no_session(station: RunningStation, browser: Api) -> None:
    assert sign_in(browser, station.tokens["sos-01"]).status_code == 401


# ── from our own page ──


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic eDp5"}, {"Authorization": "Digest x"}])
def test_a_change_by_cookie_needs_the_header_of_our_page(
    headers: dict[str, str], station: RunningStation, browser: Api
) -> None:
    sign_in(browser, station.tokens["operator"])
    del browser.http.headers["X-Safezone"]
    refused = browser.http.post("/api/v1/handover", json={"text": "from elsewhere"}, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "not_from_our_page")
    assert browser.http.get("/api/v1/handover", headers=headers).is_success, "looking changes nothing"


def test_a_form_in_a_page_of_somebody_else_signs_nobody_in(station: RunningStation, client: Opener) -> None:
    """A browser that is signed in as somebody else would do everything in their name."""
    elsewhere = client()
    body = json.dumps({"token": station.tokens["operator"]})
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
        for path in ("", "/password", "/invitation/accept", "/passkeys"):
            headers = {"Content-Type": kind, "Origin": "https://elsewhere.example"}
            answer = elsewhere.http.post(f"/api/v1/session{path}", content=body, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (403, "not_from_our_page"), (path, kind)
            assert "set-cookie" not in answer.headers


# ── going out ──


def test_whoever_signs_out_is_out_and_nobody_else_is(
    station: RunningStation, browser: Api, client: Opener
) -> None:
    other, token = client(), issue(station)["secret"]
    secrets = [
        SimpleCookie(sign_in(one, token).headers["set-cookie"])[COOKIE].value for one in (browser, other)
    ]
    gone = browser.http.delete("/api/v1/session")
    assert gone.status_code == 204
    assert not browser.http.cookies.get(COOKIE), "the browser was told to forget it"
    assert [may(station, one) for one in [*secrets, token]] == [False, True, True]
    browser.http.cookies.set(COOKIE, secrets[0])
    assert browser.get("/api/v1/session").status_code == 401
    assert browser.report("sos")["incident_id"], "and may still call for help, like everybody"


def test_a_token_is_not_a_session_and_outlives_signing_out(station: RunningStation, client: Opener) -> None:
    token = issue(station)["secret"]
    holder = client(token)
    assert holder.http.delete("/api/v1/session").status_code == 204
    assert holder.get("/api/v1/session").is_success
    assert client().http.delete("/api/v1/session").status_code == 204, "nobody may sign out too"


def test_a_session_ends_after_its_hours(station: RunningStation, browser: Api) -> None:
    sign_in(browser, station.tokens["supervisor"])
    for seconds in (*[3600] * 11, 3599):  # Used all the time: it is not for want of use that it ends.
        station.clock.advance(seconds)
        assert browser.get("/api/v1/session").is_success
    station.clock.advance(2)
    assert browser.get("/api/v1/session").status_code == 401
    assert may(station, station.tokens["supervisor"])


# ── given out and taken back ──


def test_a_credential_is_shown_once_and_listed_without_its_secret(station: RunningStation) -> None:
    given = issue(station, role="unit", name="car-1", unit_id="car-1")
    answer = station.api("admin").get("/api/v1/admin/credentials")
    assert given["secret"] not in answer.text
    newest = answer.json()["items"][0]
    assert (newest["id"], newest["role"], newest["state"]) == (given["credential_id"], "unit", "good")
    assert "session" not in {one["sort"] for one in answer.json()["items"]}
    assert revoke(station, given)[0]["state"] == "revoked"


def test_no_secret_is_written_down(station: RunningStation, browser: Api) -> None:
    secrets = [issue(station)["secret"], issue(station, sort="one_time_link")["secret"]]
    secrets.append(SimpleCookie(sign_in(browser, secrets[0]).headers["set-cookie"])[COOKIE].value)
    written = b"".join(read_files(station.path.rglob("*")).values())
    assert b"credential_issued" in written
    assert not any(secret.encode() in written for secret in secrets)


@pytest.mark.parametrize(
    "asked",
    [
        {"sort": "device", "role": "operator"},
        {"sort": "device", "role": "sos_point"},
        {"sort": "device", "role": "unit", "unit_id": "car-1"},
        {"sort": "token", "role": "unit"},
        {"sort": "token", "role": "operator", "unit_id": "car-1"},
        {"sort": "token", "role": "admin", "point_id": "sos-01"},
        {"sort": "token", "role": "system"},
        {"sort": "session", "role": "operator"},
        {"sort": "device", "role": "sos_point", "point_id": "sos 01/#"},
        {"sort": "token", "role": "operator", "lifetime_s": 1},
        {"sort": "token", "role": "operator", "name": ""},
    ],
)
def test_a_credential_that_would_belong_to_nobody_is_not_given_out(
    asked: dict[str, str], station: RunningStation
) -> None:
    before = station.rows(select(credential.c.id))
    refused = station.api("admin").post("/api/v1/admin/credentials", {"name": "x", **asked})
    assert refused.status_code == 422
    assert refused.json()["words"]["th"]
    assert station.rows(select(credential.c.id)) == before


def test_whoever_was_revoked_is_out_at_once_on_every_channel(station: RunningStation, browser: Api) -> None:
    given = issue(station)
    secret = SimpleCookie(sign_in(browser, given["secret"]).headers["set-cookie"])[COOKIE].value
    with Feed(station.url, given["secret"]) as by_token, Feed(station.url, secret) as by_session:
        assert by_token.until("heartbeat")
        assert by_session.until("heartbeat")
        revoke(station, given)
        assert not may(station, given["secret"])
        assert browser.get("/api/v1/session").status_code == 401
        for feed in (by_token, by_session):
            assert [frame.event for frame in feed][-1] == "signed_out", "and then it has ended"
    with Feed(station.url, given["secret"]) as refused:
        assert refused.response.status_code == 401


def test_signing_out_ends_the_feed_of_that_browser(station: RunningStation, browser: Api) -> None:
    secret = SimpleCookie(sign_in(browser, issue(station)["secret"]).headers["set-cookie"])[COOKIE].value
    with Feed(station.url, secret) as feed:
        assert feed.until("heartbeat")
        browser.http.delete("/api/v1/session")
        assert [frame.event for frame in feed][-1] == "signed_out"


def test_a_credential_that_is_not_there_cannot_be_revoked(station: RunningStation, client: Opener) -> None:
    path = "/api/v1/admin/credentials/01900000-0000-7000-8000-000000000000/revoke"
    assert station.api("admin").post(path, {"reason": "lost"}).status_code == 404
    mine = issue(station)
    elsewhere = client(mine["secret"])
    refused = elsewhere.post(f"/api/v1/admin/credentials/{mine['credential_id']}/revoke", {"reason": "x"})
    assert refused.status_code == 403


# ── the poles, at the broker that runs ──


def knock(demo: WholeStation, point: str, secret: str) -> bool:
    """Whether the broker lets this pole in now."""
    greeting = wire.connect(f"knock-{next(_numbers)}", f"mdh.{point}", secret, clean=True, keepalive_s=5)
    with socket.create_connection(("127.0.0.1", demo.mqtt_port), timeout=60) as line:
        line.sendall(greeting)
        reply = line.recv(4)
    return len(reply) == 4 and reply[3] == 0


def new_pole(demo: WholeStation, point: str) -> dict[str, str]:
    asked = {"sort": "device", "role": "sos_point", "name": point, "point_id": point}
    given: dict[str, str] = demo.ask("POST", "/admin/credentials", asked, who="admin").json()
    return given


def test_a_new_pole_can_press_at_once_and_disturbs_no_other(demo: WholeStation) -> None:
    where = SimpleNamespace(prepared=SimpleNamespace(host="127.0.0.1", port=demo.mqtt_port), tokens={})
    there = cast(RealBroker, where)
    old = RealPole(there, "sos-08", password=demo.poles["sos-08"].password)
    assert old.listening.wait(60)
    secret = new_pole(demo, "pole-new")["secret"]
    new = RealPole(there, "pole-new", password=secret)
    try:
        receipt = new.press(1, every_s=0.5)
        view = demo.ask("GET", f"/incidents/{receipt['incident_id']}").json()["incident"]
        assert (view["sos_point"], view["channel"], view["place"]) == ("pole-new", "sos_point", None)
        assert old.drops == 0
    finally:
        new.leave()
        old.leave()
    eventually(lambda: demo.readiness().json()["parts"]["broker_users"]["state"] == "ok")


def test_a_revoked_pole_is_refused_when_it_comes_again(demo: WholeStation) -> None:
    given = new_pole(demo, "pole-gone")
    eventually(lambda: knock(demo, "pole-gone", given["secret"]))
    demo.ask("POST", f"/admin/credentials/{given['credential_id']}/revoke", {"reason": "stolen"}, who="admin")
    by_http = httpx.post(
        f"{demo.api}/reports", json={"kind": "sos"}, headers={"Authorization": f"Bearer {given['secret']}"},
        trust_env=False, timeout=60)  # fmt: skip
    assert by_http.status_code == 401, "at once over HTTP"
    eventually(lambda: not knock(demo, "pole-gone", given["secret"]))


def test_a_new_secret_takes_the_place_of_the_old_one(demo: WholeStation) -> None:
    first = new_pole(demo, "pole-twice")["secret"]
    eventually(lambda: knock(demo, "pole-twice", first))
    second = new_pole(demo, "pole-twice")["secret"]
    eventually(lambda: knock(demo, "pole-twice", second))
    assert not knock(demo, "pole-twice", first)
