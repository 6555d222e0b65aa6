"""The console says when reports do not come in as they should, although its own line is well."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import OpenConsole
from tests.journeys.promise import assert_in_time, note_when_it_appears
from tests.support.moments import BEFORE_WRITE, Moments
from tests.support.running import Station, running


@pytest.fixture
def moments(tmp_path: Path) -> Moments:
    return Moments(tmp_path)


@pytest.fixture
def station(tmp_path: Path, moments: Moments) -> Iterator[Station]:
    """A station of its own, whose disk can be made to fail."""
    with running(tmp_path / "data", env=moments.env) as found:
        yield found


def test_it_says_that_nothing_can_be_stored_and_when_that_is_over(
    station: Station, moments: Moments, open_console: OpenConsole
) -> None:
    console = open_console("operator")
    expect(console.get("trouble-band")).to_have_count(0)
    note_when_it_appears(console.page, "trouble-band")
    moments.fail(station.children()["node"], BEFORE_WRITE, errno.EIO)
    assert station.ask("POST", "/reports", {"kind": "fire"}, who=None).status_code == 503
    expect(console.get("trouble-band")).to_be_visible()
    assert_in_time(console.page)
    expect(console.get("trouble-band")).to_contain_text("บันทึกไม่ได้")
    expect(console.get("feed-band")).to_have_count(0)
    moments.calm()
    expect(console.get("trouble-band")).to_have_count(0)


def test_it_says_that_the_poles_cannot_be_heard(station: Station, open_console: OpenConsole) -> None:
    console = open_console("operator")
    # The supervisor cannot start another one while it is stopped itself.
    station.process.send_signal(signal.SIGSTOP)
    try:
        note_when_it_appears(console.page, "trouble-band")
        os.kill(station.children()["broker"], signal.SIGKILL)
        expect(console.get("trouble-band")).to_be_visible()
        assert_in_time(console.page)
        expect(console.get("trouble-band")).to_contain_text("เสา SOS ติดต่อศูนย์ไม่ได้")
    finally:
        station.process.send_signal(signal.SIGCONT)
    expect(console.get("trouble-band")).to_have_count(0)
