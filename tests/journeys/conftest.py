"""The station, the poles and the consoles of the journeys."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.console import Console
from tests.support.browser import PATIENCE_MS, NewPage
from tests.support.callers import Pole
from tests.support.places import eventually
from tests.support.running import Station, running

expect.set_options(timeout=PATIENCE_MS)
"""Generous: it costs nothing on a good day, and does not fail on a machine that is busy with other things."""

PressPole = Callable[[str], str]


class OpenConsole(Protocol):
    """Opens a console, as this duty, in a browser of its own."""

    def __call__(
        self, who: str = ..., *, url: str | None = ..., width_px: int = ..., expected: list[str] | None = ...
    ) -> Console: ...


@pytest.fixture(scope="session")
def running_station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    """One demonstration station without simulated life for all journeys."""
    with running(tmp_path_factory.mktemp("journeys") / "data") as found:
        yield found


@pytest.fixture
def station(running_station: Station) -> Station:
    """The station with nothing going on: no open incident, nobody on duty."""
    for each in running_station.list_incidents("open"):
        body = {"expected_version": each["version"], "outcome": "drill"}
        answer = running_station.ask("POST", f"/incidents/{each['id']}/close", body)
        assert answer.is_success, answer.text
    for unit in running_station.ask("GET", "/units").json()["items"]:
        if unit["on_duty"]:
            running_station.ask("POST", f"/units/{unit['id']}/duty", {"on": False}, who="supervisor")
    return running_station


@pytest.fixture
def press_pole(station: Station) -> Iterator[PressPole]:
    """`press_pole("sos-03")`: somebody presses, over MQTT; returns the incident that the pole's receipt names."""
    poles: dict[str, Pole] = {}

    def press(point: str) -> str:
        if point not in poles:
            poles[point] = pole = Pole(station, point, pace_s=3_600.0)
            pole.press_no_more()  # Not by itself: it presses when the test says so.
            pole.start()
        pressed = poles[point].press()
        return eventually(lambda: pressed.receipts)[0]

    yield press
    for pole in poles.values():
        pole.finish()


@pytest.fixture
def open_console(station: Station, new_page: NewPage) -> Iterator[OpenConsole]:
    """`open_console("operator")`: a console, signed in; at the end it must have asked nobody but the station."""
    opened: list[Console] = []

    def open_one(
        who: str = "operator",
        *,
        url: str | None = None,
        width_px: int = 1366,
        expected: list[str] | None = None,
    ) -> Console:
        page: Page = new_page(width_px=width_px, height_px=768, expected=expected)
        opened.append(Console(page, url or station.url, station.tokens[who]))
        return opened[-1]

    yield open_one
    asked = {urlsplit(each).hostname for console in opened for each in console.requests}
    assert asked <= {"127.0.0.1", None}, f"the console asked for something outside: {asked}"
