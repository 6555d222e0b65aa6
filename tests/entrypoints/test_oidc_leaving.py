"""Out of the station and out of the provider, from either side; and everybody who would put somebody else out."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import select

from safezone.core.accounts.rules import totp_at, totp_secret_bytes
from safezone.core.accounts.tables import provider_session
from safezone.entrypoints.oidc.ways import PATH
from safezone.entrypoints.people.session_routes import LEFT
from tests.entrypoints.test_oidc import TOTP, Scene, ended
from tests.support.places import eventually
from tests.support.provider import CLIENT

OUR_PAGE = {"X-Safezone": "1"}
FRAMES = {"frontchannel_logout_supported": True, "frontchannel_logout_session_supported": True}
BACK_CHANNEL: dict[str, Any] = {"http://schemas.openid.net/event/backchannel-logout": {}}
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    scene = Scene(tmp_path_factory.mktemp("leaving"))
    scene.provider.tell = {"end_session_endpoint": f"{scene.provider.issuer}/sign-out?tenant=7", **FRAMES}
    yield scene
    scene.close()


@pytest.fixture
def sid(scene: Scene) -> str:
    """A person of this test's own is in front of the browser; how the provider calls their session."""
    number = next(_numbers)
    scene.station.clock.advance(60)  # what others tried a moment ago is forgotten
    scene.person(f"somsak-{number}")
    name = f"sid-{number}"
    scene.provider.who = {"sub": f"p-{number}", "preferred_username": f"somsak-{number}", "sid": name}
    return name


def signed_in(scene: Scene) -> httpx.Client:
    browser = scene.browser()
    assert scene.sign_in(browser) == "in"
    return browser


def is_in(browser: httpx.Client) -> bool:
    return browser.get("/api/v1/session").status_code == 200


def still_in(browser: httpx.Client) -> bool:
    said: bool = browser.get(PATH).json()["provider"]["still_in"]
    return said


def in_frame(scene: Scene, query: dict[str, str], **more: Any) -> httpx.Response:
    """As a frame in somebody's page asks: no cookie of ours comes along."""
    return httpx.get(
        f"{scene.station.url}{PATH}/front-logout", params=query, trust_env=False, timeout=60, **more
    )


# ── from here ──


def test_who_signs_out_here_is_offered_to_sign_out_there_too(scene: Scene, sid: str) -> None:
    browser = signed_in(scene)
    assert not still_in(browser), "nobody has signed out"
    assert browser.delete("/api/v1/session", headers=OUR_PAGE).status_code == 204
    assert not is_in(browser), "out here, whatever the provider does"
    assert still_in(browser)
    off = browser.get(f"{PATH}/leave")
    where = urlsplit(off.headers["location"])
    query = {name: values[0] for name, values in parse_qs(where.query).items()}
    assert f"{where.scheme}://{where.netloc}{where.path}" == f"{scene.provider.issuer}/sign-out"
    assert query["tenant"] == "7"
    assert query["client_id"] == CLIENT
    assert query["post_logout_redirect_uri"] == f"{scene.station.url}{PATH}/left"
    assert query["id_token_hint"].count(".") == 2
    assert not still_in(browser), "offered once"
    assert ended(browser.get(f"{PATH}/left?state={query['state']}")) == "left"
    assert browser.get(f"{PATH}/left?state={query['state']}").headers["location"] == "/enter"


def test_a_session_by_the_stations_own_password_has_nothing_to_leave(scene: Scene, sid: str) -> None:
    issued = scene.person(f"by-password-{sid}")
    browser = scene.browser()
    browser.cookies.set("safezone_session", issued.secret)
    assert browser.delete("/api/v1/session", headers=OUR_PAGE).status_code == 204
    assert not still_in(browser)
    assert browser.get(f"{PATH}/leave").headers["location"] == "/enter"


def test_the_way_out_with_a_second_factor_of_ours(scene: Scene, sid: str) -> None:
    login = f"chief-{sid}"
    scene.person(login, "supervisor", totp=True)
    scene.provider.who = {"sub": login, "preferred_username": login, "sid": sid}
    browser = scene.browser()
    assert scene.sign_in(browser) == "second"
    code = totp_at(totp_secret_bytes(TOTP) or b"", int(scene.station.clock.now().timestamp()) // 30)
    assert browser.post(f"{PATH}/second", json={"code": code}).status_code == 201
    browser.delete("/api/v1/session", headers=OUR_PAGE)
    assert "id_token_hint=" in browser.get(f"{PATH}/leave").headers["location"]


def test_nobody_is_sent_out_by_a_page_of_somebody_else(scene: Scene, sid: str) -> None:
    """A foreign page can make a browser open an address; what it may do then is what the cookies let it."""
    browser = signed_in(scene)
    assert browser.get(f"{PATH}/leave").headers["location"] == "/enter", "who is in here is sent nowhere"
    assert browser.get(f"{PATH}/left?state=x").headers["location"] == "/enter"
    assert browser.request("DELETE", "/api/v1/session").status_code == 403, "not from our own page"
    assert is_in(browser)
    out = browser.delete("/api/v1/session", headers=OUR_PAGE)
    (cookie,) = [each for each in out.headers.get_list("set-cookie") if each.startswith(LEFT)]
    assert "SameSite=strict" in cookie
    assert "HttpOnly" in cookie
    browser.cookies.set(LEFT, browser.cookies[LEFT][:-6] + "AAAAA=", path=PATH)
    assert browser.get(f"{PATH}/leave").headers["location"] == "/enter"


def test_a_way_out_that_leads_elsewhere_is_not_taken_and_signing_in_goes_on(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    scene = Scene(tmp_path_factory.mktemp("elsewhere"))
    try:
        scene.provider.tell = {"end_session_endpoint": "https://evil.example/out"}
        scene.person("somchai")
        browser = signed_in(scene)
        browser.delete("/api/v1/session", headers=OUR_PAGE)
        assert not still_in(browser)
        assert ended(browser.get(f"{PATH}/leave")) == "not_left"
        assert in_frame(scene, {"iss": scene.provider.issuer, "sid": "x"}).status_code == 404, "not offered"
    finally:
        scene.close()


def test_the_id_token_lies_sealed_and_goes_with_the_account(scene: Scene, sid: str) -> None:
    signed_in(scene)
    with scene.station.read() as conn:
        rows = conn.execute(select(provider_session)).all()
    assert not [row for row in rows if row.id_token.count(".") == 2 or sid in repr(row)]


# ── from there, in a frame ──


def test_the_providers_page_ends_its_session_in_a_frame(scene: Scene, sid: str) -> None:
    browser, other = signed_in(scene), None
    scene.provider.who = {**scene.provider.who, "sid": f"{sid}-elsewhere"}
    other = signed_in(scene)
    said = in_frame(scene, {"iss": scene.provider.issuer, "sid": sid})
    assert (said.status_code, said.text) == (200, "")
    assert not is_in(browser)
    assert is_in(other), "another session of the same person at the provider goes on"
    policy = said.headers["content-security-policy"]
    assert policy == f"default-src 'none'; frame-ancestors {scene.provider.issuer}", "in nobody else's frame"
    assert "x-frame-options" not in said.headers, "which cannot name the provider"
    assert said.headers["cache-control"] == "no-store"
    assert in_frame(scene, {"iss": scene.provider.issuer, "sid": sid}).status_code == 200, (
        "once more: nothing"
    )


@pytest.mark.parametrize("how", ["no iss", "another iss", "no sid", "nothing", "another sid"])
def test_a_frame_that_does_not_name_the_session_ends_none(scene: Scene, sid: str, how: str) -> None:
    browser = signed_in(scene)
    good = {"iss": scene.provider.issuer, "sid": sid}
    said = in_frame(
        scene,
        {
            "no iss": {"sid": sid},
            "another iss": {**good, "iss": "https://evil.example"},
            "no sid": {"iss": good["iss"]},
            "nothing": {},
            "another sid": {**good, "sid": "guessed"},
        }[how],
    )
    assert said.status_code == (200 if how == "another sid" else 400), "a guess learns nothing"
    if said.status_code == 400:
        assert said.json()["code"] == "bad_logout_token"
        assert "frame-ancestors 'none'" in said.headers["content-security-policy"]
    assert is_in(browser)


# ── from there, behind the browser's back ──


def test_a_logout_that_names_a_session_ends_that_one(scene: Scene, sid: str) -> None:
    scene.station.clock.advance(120)
    browser = signed_in(scene)
    scene.provider.who = {**scene.provider.who, "sid": f"{sid}-elsewhere"}
    other = signed_in(scene)
    claims = {
        name: value for name, value in scene.provider.claims("").items() if name not in ("nonce", "sub")
    }
    url = f"{scene.station.url}{PATH}/logout"

    def say(**more: Any) -> int:
        token = scene.provider.sign({**claims, "events": BACK_CHANNEL, **more})
        return httpx.post(url, data={"logout_token": token}, trust_env=False, timeout=60).status_code

    assert say(sid=17) == 400
    assert say(sid="") == 400
    assert is_in(browser)
    assert say(sid=sid) == 204
    assert not is_in(browser)
    assert is_in(other)


def test_a_whole_shift_that_is_signed_out_there_is_signed_out_here(scene: Scene, sid: str) -> None:
    scene.station.clock.advance(120)
    last = signed_in(scene)
    claims = {name: value for name, value in scene.provider.claims("").items() if name != "nonce"}
    url = f"{scene.station.url}{PATH}/logout"

    def say(name: str, subject: str = "somebody-of-this-shift") -> int:
        token = scene.provider.sign({**claims, "events": BACK_CHANNEL, "sub": subject, "sid": name})
        return httpx.post(url, data={"logout_token": token}, trust_env=False, timeout=60).status_code

    assert {say(f"shift-{n}") for n in range(40)} == {204}
    assert is_in(last)
    assert say(sid, "who was linked no more") == 204
    assert not is_in(last), "the provider's session is over, whoever is linked to whom by now"

    def make_up() -> int:
        return httpx.post(url, data={"logout_token": "x.y.z"}, trust_env=False, timeout=60).status_code

    assert eventually(lambda: make_up() == 400)
    assert eventually(lambda: make_up() == 429)


def test_names_of_sessions_cannot_be_tried_without_end(scene: Scene, sid: str) -> None:
    numbers = itertools.count()

    def tried() -> int:
        return in_frame(scene, {"iss": scene.provider.issuer, "sid": f"{next(numbers)}"}).status_code

    # What others tried from this address a moment ago still counts.
    assert eventually(lambda: tried() == 200)
    assert eventually(lambda: tried() == 429)
