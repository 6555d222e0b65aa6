"""Power is given by who has just proven who they are: not by a screen that was left open, nor by what a request says of itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from safezone.core.accounts.proof import FRESH_FOR
from safezone.core.settings import Settings, Web
from safezone.entrypoints.who import COOKIE
from tests.entrypoints.test_people import PASSWORD, Browser, code_of, invite
from tests.support.station import RunningStation


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStation]:
    station = RunningStation(tmp_path_factory.mktemp("power"))
    yield station
    station.close()


@pytest.fixture
def browser(station: RunningStation) -> Iterator[Browser]:
    browser = Browser(station)
    yield browser
    browser.http.close()


def test_power_is_given_by_who_proves_who_they_are(station: RunningStation, browser: Browser) -> None:
    """Whoever finds an administrator's screen open makes no account with it, and so no way around the proof."""
    _, made = invite(station, "admin")
    browser.accept(made["link"])
    _, other = invite(station)
    one = f"/api/v1/admin/accounts/{other['account']['id']}"
    token = {"sort": "token", "role": "auditor", "name": "machine"}
    asked: dict[str, dict[str, Any]] = {
        "/api/v1/admin/accounts": {"login": "accomplice", "role": "auditor"},
        f"{one}/change": {"role": "admin"},
        f"{one}/reset": {},
        "/api/v1/admin/credentials": token,
        "/api/v1/admin/credentials?": {**token, "exports": True},
        "/api/v1/admin/credentials?again": {"sort": "one_time_link", "role": "admin", "name": "admin"},
    }
    station.clock.advance(FRESH_FOR.total_seconds())
    for path, body in asked.items():
        refused = browser.post(path, body)
        assert (refused.status_code, code_of(refused)) == (403, "step_up_needed"), path
    of_unit = {"sort": "token", "role": "unit", "name": "car-1", "unit_id": "car-1"}
    assert browser.post("/api/v1/admin/credentials", of_unit).is_success, "a unit's takes nothing out"
    assert browser.post(f"{one}/suspend", {"reason": "ลาออก"}).is_success, (
        "to put somebody out is never held up"
    )
    browser.act(f"{one}/resume")
    browser.act("/api/v1/session/step-up", {"password": PASSWORD, "code": browser.code()})
    for path, body in asked.items():
        assert browser.post(path, body).is_success, path


def test_an_open_screen_is_no_way_to_guess_the_password(station: RunningStation, browser: Browser) -> None:
    _, made = invite(station)
    browser.accept(made["link"])
    found = browser.http.cookies[COOKIE]
    guessed = [
        browser.post("/api/v1/session/step-up", {"password": f"guess {n}"}).status_code for n in range(8)
    ]
    assert guessed[-1] == 429
    again = browser.post("/api/v1/session", {"token": found})
    assert again.status_code == 401, "with another session of it one could guess anew"


def test_a_link_leads_where_the_station_is_reached_whatever_a_request_calls_it(tmp_path: Path) -> None:
    settings = msgspec.structs.replace(Settings(), web=Web(public_url="https://zone.example.go.th/"))
    station = RunningStation(tmp_path, settings)
    try:
        admin = station.api("admin")
        made = admin.act(
            "/api/v1/admin/accounts", {"login": "somying", "role": "operator"}, Host="elsewhere.example"
        )
        assert made["link"].startswith("https://zone.example.go.th/enter#token=")
    finally:
        station.close()
