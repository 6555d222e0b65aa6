"""Settings changed in the browser: in force at once, in the log, refused in words, locked by the file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safezone.core.changing_settings import ChangeSetting, SettingChanged, checked_value, plain
from safezone.core.errors import Conflict, Invalid, NotAllowed, NotFound
from safezone.core.in_force import CHANGEABLE, SettingsInForce, field_of
from safezone.core.rebuild import rebuild
from safezone.core.settings import FileSettings, Limits, Settings, load_settings, stated_in
from safezone.core.settings_views import get_history, keys_of, list_settings, list_technical
from safezone.incidents.commands import EscalateOverdue, ReportEmergency
from tests.support.engines import EngineName
from tests.support.station import STATION, Station, who

ADMIN = who("admin", "somchai")
KEY = "limits.acknowledge_limit_s"
KEYS = [key for section in CHANGEABLE for key in keys_of(section)]


@pytest.fixture
def station(engine: EngineName, tmp_path: Path) -> Iterator[Station]:
    station = Station(tmp_path)
    yield station
    station.close()


def change(station: Station, key: str, value: Any, version: int = 0, reason: str = "ทดลอง") -> None:
    asked = ChangeSetting(key=key, value=value, expected_version=version, reason=reason)
    station.do(asked, ADMIN)


def now(station: Station) -> Settings:
    with station.read() as conn:
        return station.desk.in_force.read(conn, STATION)


def test_a_change_is_in_force_at_once_stands_in_the_log_and_survives_a_replay(station: Station) -> None:
    report = ReportEmergency(dedupe_key="a", channel="phone", about="noise")
    before = station.do(report)
    change(station, "priorities.noise", 1)
    after = station.do(msgspec.structs.replace(report, dedupe_key="b"))
    said = {entry.event.subject: entry.event for entry in station.log() if entry.kind == "incident_opened"}
    assert [said[each.incident_id].priority for each in (before, after)] == [4, 1]  # type: ignore[attr-defined]
    changed = next(entry for entry in station.log() if isinstance(entry.event, SettingChanged))
    assert (changed.actor, changed.event.subject) == ("admin:somchai", "priorities.noise")
    assert (changed.event.before, changed.event.after) == (4, 1)  # type: ignore[attr-defined]
    assert station.verdict().content
    station.engine.lane.stop()
    assert rebuild(station.database, station.bus)[STATION] == station.head()
    station.engine.lane.start()
    assert now(station).priorities.noise == 1


def test_a_command_decides_by_what_is_in_force_where_it_stands_in_the_log(station: Station) -> None:
    station.do(ReportEmergency(dedupe_key="a", channel="phone", about="noise"))
    station.clock.advance(20)
    change(station, KEY, 60)
    assert station.do(EscalateOverdue(), who("system", "job")) == 0
    change(station, KEY, None, station.head())
    assert station.do(EscalateOverdue(), who("system", "job")) == 1
    assert now(station) == station.settings


def test_who_comes_second_is_told_how_it_is_now(station: Station) -> None:
    change(station, KEY, 20)
    with pytest.raises(Conflict) as told:
        change(station, KEY, 30)
    assert told.value.code == "setting_overtaken"
    current = told.value.extra["current"]
    assert (current.value, current.changed_by, current.version) == (20, "admin:somchai", station.head())
    change(station, KEY, 30, current.version)
    with station.read() as conn:
        history = get_history(conn, ADMIN, KEY, station.desk.in_force, station.desk.reader)
    assert [(each.before, each.after, each.reason) for each in history.changes] == [
        (20, 30, "ทดลอง"),
        (15, 20, "ทดลอง"),
    ]


@pytest.mark.parametrize(
    ("key", "value", "code", "says"),
    [
        (KEY, 0, "bad_setting", "1 to 86,400"),
        (KEY, "15", "bad_setting", "1 ถึง 86,400"),
        ("priorities.sos", 5, "bad_setting", "1 to 4"),
        ("screens.language", "fr", "bad_setting", "th, en"),
        ("notices.device_down", ["technician", "nobody"], "bad_setting", "technician"),
        ("heartbeats.down_after_s", 100, "settings_out_of_order", "watch_after_s (150) < down_after_s (100)"),
        ("positions.fix_stale_s", 600, "settings_out_of_order", "fix_lost_s"),
        ("region.seat", "the seat", "bad_setting", "id of a station"),
        ("region.seat", 7, "bad_setting", "รหัสสถานี"),
    ],
)
def test_what_cannot_be_is_refused_in_both_languages(
    station: Station, key: str, value: Any, code: str, says: str
) -> None:
    with pytest.raises(Invalid) as refused:
        change(station, key, value)
    assert refused.value.code == code
    assert says in str(refused.value.words)
    assert not [entry for entry in station.log() if entry.kind == "setting_changed"]


def test_only_an_administrator_changes_and_only_what_there_is(station: Station) -> None:
    for role in ("operator", "supervisor", "chief", "auditor", "technician"):
        with pytest.raises(NotAllowed):
            station.do(
                ChangeSetting(key=KEY, value=9, expected_version=0, reason="x"),
                who(role),
            )
    for key in ("web.port", "limits.nothing", "nothing", "database_url"):
        with pytest.raises(NotFound):
            change(station, key, 9)


def test_what_the_file_says_is_locked(engine: EngineName, tmp_path: Path) -> None:
    first = Station(tmp_path)
    change(first, KEY, 40)
    first.close()
    station = Station(tmp_path, Settings(limits=Limits(acknowledge_limit_s=25)))
    try:
        assert now(station).limits.acknowledge_limit_s == 25, "the file is above what was changed before"
        with pytest.raises(Conflict) as refused:
            change(station, KEY, 30, station.head())
        assert refused.value.code == "set_in_file"
        with station.read() as conn:
            shown = list_settings(conn, ADMIN, station.desk.in_force)
        origins = {view.key: view.origin for group in shown.groups for view in group.items}
        assert {key for key, origin in origins.items() if origin != "default"} == {KEY}
        assert origins[KEY] == "file"
    finally:
        station.close()


def test_a_file_that_says_the_default_says_it_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "safezone.toml").write_text("[limits]\narrive_limit_s = 300\n[web]\nport = 8700\n", "utf-8")
    read = load_settings(tmp_path / "safezone.toml")
    assert isinstance(read, FileSettings)
    assert stated_in(read) == {"limits.arrive_limit_s", "web.port"}
    assert stated_in(msgspec.structs.replace(read, limits=Limits())) == stated_in(read)
    (tmp_path / "safezone.toml").write_text('stated = ["x"]\n', "utf-8")
    with pytest.raises(Exception, match="stated"):
        load_settings(tmp_path / "safezone.toml")


def test_a_value_that_this_version_would_not_take_is_passed_over(station: Station) -> None:
    change(station, KEY, 40)
    with station.database.write_connection() as conn, conn.begin():
        conn.exec_driver_sql("UPDATE setting SET value = '\"soon\"'")
    assert now(station).limits.acknowledge_limit_s == 15


def test_nothing_secret_is_shown_of_the_file() -> None:
    url = "postgresql://safezone:geheim@db.example/safezone"
    shown = SettingsInForce(Settings(database_url=url))
    said = msgspec.json.encode(list_technical(shown)).decode()
    assert "db.example" in said
    assert "geheim" not in said


@settings(max_examples=60)
@given(st.sampled_from(KEYS), st.integers() | st.text() | st.lists(st.text()))
def test_any_value_is_taken_as_it_is_or_refused(key: str, value: Any) -> None:
    field = field_of(key)
    assert field is not None
    try:
        made = checked_value(key, field, value)
    except Invalid:
        return
    assert checked_value(key, field, plain(made)) == made
    assert msgspec.convert(msgspec.to_builtins(made), field.type) == made
