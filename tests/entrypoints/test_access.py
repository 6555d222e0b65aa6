"""The access log: every look, sign-in and refusal has a line, and no line holds what was seen."""

from __future__ import annotations

import io
import stat
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from safezone.core.clock import ManualClock
from safezone.core.errors import CannotStart
from safezone.core.settings import load_settings
from safezone.entrypoints.access import REFUSALS_AT_ONCE, REFUSALS_PER_S, AccessEntry, AccessLog, list_entries
from safezone.entrypoints.cli.parsing import run
from safezone.main import wire
from tests.support.feed import Feed
from tests.support.station import START, Api, RunningStation

SECRET = "ผู้แจ้งขอไม่ให้ใครรู้ว่าอยู่ที่นี่"


@pytest.fixture
def station(tmp_path: Path) -> Iterator[RunningStation]:
    station = RunningStation(tmp_path)
    yield station
    station.close()


def lines(station: RunningStation, **query: Any) -> list[dict[str, Any]]:
    """The log as an auditor reads it, oldest first, without the auditor's own lines."""
    items = station.api("auditor").ask("/api/v1/admin/access", **query)["items"]
    return [each for each in reversed(items) if each["what"] != "read_access_log"]


def test_every_look_has_a_line_and_no_line_holds_what_was_seen(station: RunningStation) -> None:
    operator, public = station.api("operator"), station.api("public")
    incident_id = public.report("other", text=SECRET, reporter={"name": SECRET})["incident_id"]
    drawn = io.BytesIO()
    Image.new("RGB", (8, 8)).save(drawn, "PNG")
    assert operator.http.post(f"/api/v1/incidents/{incident_id}/photos", content=drawn.getvalue()).is_success
    photo = operator.ask(f"/api/v1/incidents/{incident_id}")["photos"][0]
    operator.get(photo["url"])
    operator.ask("/api/v1/console")
    station.api("supervisor").ask("/api/v1/incidents")
    with Feed(station.url, station.tokens["operator"]) as feed:
        assert feed.next()
    said = [(each["what"], each["actor"], each.get("about", {})) for each in lines(station)]
    assert said == [
        ("opened_incident", "operator:operator", {"incident_id": incident_id}),
        ("saw_photo", "operator:operator", {"incident_id": incident_id, "photo_id": photo["id"]}),
        ("saw_console", "operator:operator", {}),
        ("listed_incidents", "supervisor:supervisor", {}),
        ("joined_live", "operator:operator", {}),
    ]
    assert {each["address"] for each in lines(station)} == {"127.0.0.1"}
    assert len(lines(station, about=incident_id)) == 2
    assert len(lines(station, actor="supervisor:supervisor")) == 1
    written = b"".join(file.read_bytes() for file in station.folder.access.iterdir()).decode()
    assert SECRET not in written
    assert not [secret for secret in station.tokens.values() if secret in written]


def test_coming_in_going_out_and_being_refused_have_lines(station: RunningStation) -> None:
    browser = Api(station.url, None)
    browser.http.headers["X-Safezone"] = "1"
    browser.post("/api/v1/session", {"token": "made-up-token-of-nobody"})
    browser.act("/api/v1/session", {"token": station.tokens["operator"]})
    browser.get("/api/v1/admin/credentials")
    assert browser.http.delete("/api/v1/session").status_code == 204
    browser.get("/api/v1/incidents")
    browser.http.close()
    said = [(each["what"], each["actor"], each["path"], each["status"]) for each in lines(station)]
    assert said == [
        ("refused", "public:anonymous", "POST /api/v1/session", 401),
        ("signed_in", "operator:operator", "POST /api/v1/session", 201),
        ("refused", "operator:operator", "GET /api/v1/admin/credentials", 403),
        ("signed_out", "operator:operator", "DELETE /api/v1/session", 204),
        ("refused", "public:anonymous", "GET /api/v1/incidents", 401),
    ]


def test_it_is_read_by_the_command_too(station: RunningStation, capsys: pytest.CaptureFixture[str]) -> None:
    station.api("operator").ask("/api/v1/incidents")
    assert run(["access", "--data", str(station.path)], wire) == 0
    assert "listed_incidents" in (said := capsys.readouterr().out)
    assert "operator:operator" in said
    assert run(["access", "--data", str(station.path), "--actor", "nobody:else"], wire) == 0
    assert capsys.readouterr().out == ""


def test_the_command_shows_the_files_without_the_database_and_says_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = AccessLog(tmp_path / "access", ManualClock(START), keep_days=90)
    log.note(entry(ManualClock(START)))
    log.close()
    (tmp_path / "safezone.db").write_bytes(b"this is no database" * 100)
    assert run(["access", "--data", str(tmp_path)], wire) == 0
    printed = capsys.readouterr()
    assert "opened_incident" in printed.out
    assert "safezone doctor" in printed.err


# ── the files ──


def entry(clock: ManualClock, what: str = "opened_incident") -> AccessEntry:
    return AccessEntry(clock.now(), what, "operator:x", "127.0.0.1", "GET /", 200)


def test_a_line_is_kept_for_as_long_as_is_set_and_no_longer(tmp_path: Path) -> None:
    clock = ManualClock(START)
    log = AccessLog(tmp_path, clock, keep_days=90)
    for _ in range(100):
        log.note(entry(clock))
        clock.advance(timedelta(days=1).total_seconds())
    log.close()
    kept = list_entries(tmp_path, 1000)
    assert len(kept) == 91, "ninety days and today"
    assert kept[0].at > kept[-1].at
    assert (kept[0].at - kept[-1].at).days == 90
    for file in tmp_path.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_less_than_ninety_days_cannot_be_set(tmp_path: Path) -> None:
    (tmp_path / "safezone.toml").write_text("[access]\nkeep_days = 30\n", "utf-8")
    with pytest.raises(CannotStart, match="keep_days"):
        load_settings(tmp_path / "safezone.toml")


def test_half_a_line_hides_no_other(tmp_path: Path) -> None:
    clock = ManualClock(START)
    log = AccessLog(tmp_path, clock, keep_days=90)
    log.note(entry(clock))
    log.close()
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes() + b'{"at":"2026-11-20T12:00:0')
    assert len(list_entries(tmp_path)) == 1
    log.note(entry(clock, "saw_photo"))
    log.close()
    assert [each.what for each in list_entries(tmp_path)] == ["saw_photo", "opened_incident"]


def test_a_disk_that_takes_nothing_stops_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualClock(START)
    (tmp_path / "file").write_text("in the way", "utf-8")
    log = AccessLog(tmp_path / "file", clock, keep_days=90)
    for _ in range(3):
        log.note(entry(clock))
    assert caplog.text.count("the access log cannot be written") == 1


def test_a_flood_of_refusals_does_not_fill_the_disk(station: RunningStation) -> None:
    public, began_s = station.api("public"), time.monotonic()
    for _ in range(REFUSALS_AT_ONCE + 100):
        assert public.get("/api/v1/console").status_code == 401
    allowed = REFUSALS_AT_ONCE + REFUSALS_PER_S * (time.monotonic() - began_s)
    assert len(lines(station, limit=1000)) < allowed + 10
