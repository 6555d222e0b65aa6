"""A pole whose clock is wrong by years is heard like any other: the server's time rules, the claim is kept and marked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.callers import Pole, Pressed
from tests.support.places import eventually
from tests.support.running import Station

FLAT_BATTERY = datetime(1970, 1, 1, 7, 0, 3, tzinfo=UTC)
YEARS_AHEAD = datetime(2043, 4, 13, 12, 0, tzinfo=UTC)


@pytest.fixture
def pole(demo: Station) -> Iterator[Pole]:
    """An SOS point that presses when it is told to."""
    found = Pole(demo, "sos-08", pace_s=3600.0)
    found.press_no_more()
    found.start()
    yield found
    found.finish()


def _press(station: Station, pole: Pole, at: datetime) -> tuple[Pressed, dict[str, Any], dict[str, Any]]:
    """The press with its receipt, the report as the API shows it, and its incident."""
    press = pole.press(at)
    eventually(lambda: press.receipts)
    shown = station.ask("GET", f"/incidents/{press.receipts[0]}").json()
    reports = [each for each in shown["reports"] if datetime.fromisoformat(each["claimed_at"]) == at]
    assert len(reports) == 1
    return press, reports[0], shown["incident"]


@pytest.mark.parametrize("claimed_at", [FLAT_BATTERY, YEARS_AHEAD])
def test_the_servers_time_rules_and_the_claim_is_kept_and_marked(
    demo: Station, pole: Pole, claimed_at: datetime
) -> None:
    before = datetime.now(UTC)
    _, report, incident = _press(demo, pole, claimed_at)
    after = datetime.now(UTC)
    assert before <= datetime.fromisoformat(report["at"]) <= after
    assert report["claim_trusted"] is False
    for name in ("opened_at", "last_report_at"):
        assert abs(datetime.fromisoformat(incident[name]) - before) < timedelta(minutes=2), name


def test_a_clock_that_is_right_is_believed(demo: Station, pole: Pole) -> None:
    _, report, _ = _press(demo, pole, datetime.now(UTC))
    assert report["claim_trusted"] is True


def test_a_clock_that_jumps_back_makes_no_press_look_like_an_old_one(demo: Station, pole: Pole) -> None:
    """The pole starts from 1 again after a power cut, and its clock says 1970 again: its presses are new ones."""
    first, _, incident = _press(demo, pole, FLAT_BATTERY + timedelta(seconds=10))
    pole.presses.clear()
    again, _, incident_again = _press(demo, pole, FLAT_BATTERY + timedelta(seconds=11))
    assert again.n == first.n
    assert incident_again["id"] == incident["id"], "one incident: same pole, same minute"
    assert incident_again["report_count"] == incident["report_count"] + 1
