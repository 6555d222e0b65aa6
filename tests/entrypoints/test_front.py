"""A proxy in front of the program, TLS, HEAD, and how somebody unknown is told to sign in."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from http.cookies import SimpleCookie
from pathlib import Path

import httpx
import pytest

from safezone.core.errors import CannotStart
from safezone.core.settings import Settings, Web, load_settings
from safezone.entrypoints.who import COOKIE
from tests.support.station import RunningStation

BY_TLS = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}


def run(path: Path, web: Web) -> Iterator[RunningStation]:
    station = RunningStation(path, Settings(web=web))
    yield station
    station.close()


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStation]:
    """No proxy in front."""
    yield from run(tmp_path_factory.mktemp("plain"), Web())


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStation]:
    """The proxy is this machine."""
    trusted = ("10.1.0.0/16", "127.0.0.1")
    yield from run(tmp_path_factory.mktemp("behind"), Web(behind_tls_proxy=True, trusted_proxies=trusted))


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStation]:
    """The proxy is another machine; this one only pretends to be it."""
    yield from run(
        tmp_path_factory.mktemp("elsewhere"), Web(behind_tls_proxy=True, trusted_proxies=("10.1.0.1",))
    )


def sign_in(station: RunningStation, headers: dict[str, str]) -> httpx.Response:
    body = {"token": station.tokens["operator"]}
    answer = httpx.post(
        f"{station.url}/api/v1/session", json=body, headers=headers, trust_env=False, timeout=60
    )
    assert answer.status_code == 201
    return answer


def is_secure(answer: httpx.Response) -> bool:
    """Whether the browser was told to keep to TLS, by the cookie and by the header alike."""
    secure: bool = bool(SimpleCookie(answer.headers["set-cookie"])[COOKIE]["secure"])
    assert secure == (answer.headers.get("strict-transport-security") == "max-age=31536000")
    return secure


# ── a proxy in front ──


def test_behind_a_trusted_proxy_the_session_keeps_to_tls(behind: RunningStation) -> None:
    assert is_secure(sign_in(behind, BY_TLS))
    assert is_secure(sign_in(behind, {})), "the settings say that the proxy takes TLS"
    assert not is_secure(sign_in(behind, {"X-Forwarded-Proto": "http"})), "the proxy knows better"


def test_nobody_else_is_believed(plain: RunningStation, elsewhere: RunningStation) -> None:
    assert not is_secure(sign_in(plain, BY_TLS))
    assert not is_secure(sign_in(elsewhere, BY_TLS))


def test_a_session_that_keeps_to_tls_is_ended_like_every_other(behind: RunningStation) -> None:
    cookie = sign_in(behind, BY_TLS).cookies[COOKIE]
    headers = {**BY_TLS, "Cookie": f"{COOKIE}={cookie}", "X-Safezone": "1"}
    with httpx.Client(base_url=behind.url, headers=headers, trust_env=False, timeout=60) as browser:
        assert browser.get("/api/v1/session").status_code == 200
        assert browser.delete("/api/v1/session").status_code == 204
        assert browser.get("/api/v1/session").status_code == 401


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("behind_tls_proxy = true", "trusted_proxies"),
        ("behind_tls_proxy = true\ntrusted_proxies = ['*']", "'*'"),
        ("trusted_proxies = ['proxy.example']", "proxy.example"),
        ("trusted_proxies = ['10.0.0.1/8']", "10.0.0.1/8"),
    ],
)
def test_a_proxy_that_is_everybody_or_nobody_is_refused(tmp_path: Path, text: str, named: str) -> None:
    (tmp_path / "safezone.toml").write_text(f"[web]\n{text}\n", "utf-8")
    with pytest.raises(CannotStart, match=re.escape(named)):
        load_settings(tmp_path / "safezone.toml")


# ── HEAD ──


@pytest.mark.parametrize(
    "path",
    ["/", "/console", "/healthz", "/api/v1/console", "/api/v1/incidents", "/api/v1/zone", "/schema/openapi.json",
     "/api/v1/nothing", "/api/v1/admin/credentials"],
)  # fmt: skip
def test_head_says_what_get_would_say(path: str, plain: RunningStation) -> None:
    operator = plain.api("operator").http
    head, get = operator.head(path), operator.get(path)
    assert (head.status_code, head.content) == (get.status_code, b"")
    varies = {"date", "content-length"}
    assert {name: value for name, value in head.headers.items() if name not in varies} == {
        name: value for name, value in get.headers.items() if name not in varies
    }
    assert operator.get("/healthz").status_code == 200, "the connection is still good"


def test_the_head_of_the_live_feed_ends(plain: RunningStation) -> None:
    head = plain.api("operator").http.head("/api/v1/live")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"].startswith("text/event-stream")
    assert plain.api("public").http.head("/api/v1/live").status_code == 401


def test_the_head_of_a_tracker_reports_nothing(plain: RunningStation) -> None:
    plain.api("supervisor").act("/api/v1/units/car-1/duty", {"on": True})
    said = f"/osmand?id={plain.tokens['car-1']}&lat=16.54&lon=104.72"
    for spelled in (said, said.replace("/osmand", "/osmand/"), said.replace("/osmand", "//osmand")):
        assert plain.api("public").http.head(f"{plain.url}{spelled}").status_code == 405
    assert plain.api("operator").ask("/api/v1/units/car-1")["fix"] is None


def test_what_comes_behind_the_body_is_no_header(behind: RunningStation) -> None:
    """A proxy has set the headers; who asks can still say something behind the body, and it would stand in their place."""
    trailers = b"X-Forwarded-For: 198.51.100.9\r\nAuthorization: Bearer made-up\r\n\r\n"
    head = (
        b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n"
        b"X-Forwarded-For: 203.0.113.8\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    body = json.dumps({"token": behind.tokens["operator"]}).encode()
    with socket.create_connection(("127.0.0.1", behind.port), timeout=30) as line:
        line.sendall(head + b"%x\r\n%s\r\n0\r\n" % (len(body), body) + trailers)
        answer = b"".join(iter(lambda: line.recv(65_536), b""))
    assert answer.startswith(b"HTTP/1.1 201 ")
    sessions = behind.api("admin").ask("/api/v1/admin/sessions")["items"]
    assert "203.0.113.8" in {each["address"] for each in sessions}
    assert "198.51.100.9" not in {each["address"] for each in sessions}


# ── who are you? ──


@pytest.mark.parametrize(
    ("headers", "challenge"),
    [
        ({}, 'Bearer realm="safezone"'),
        ({"Authorization": "Bearer made-up"}, 'Bearer realm="safezone", error="invalid_token"'),
    ],
)
@pytest.mark.parametrize("path", ["/api/v1/session", "/api/v1/live", "/api/v1/incidents/x"])
def test_whoever_is_unknown_is_told_how_to_be_known(
    path: str, headers: dict[str, str], challenge: str, plain: RunningStation
) -> None:
    answer = httpx.get(plain.url + path, headers=headers, trust_env=False, timeout=60)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, challenge)


def test_only_who_is_unknown_is_asked_to_sign_in(plain: RunningStation) -> None:
    operator = plain.api("operator").http
    refused = operator.get("/api/v1/admin/credentials")
    assert (refused.status_code, "www-authenticate" in refused.headers) == (403, False)
    wrong = operator.put("/api/v1/incidents")
    assert wrong.status_code == 405
    assert "GET" in wrong.headers["allow"]
