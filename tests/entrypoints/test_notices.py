"""Who is told of what, by the routes of the settings."""

from __future__ import annotations

from pathlib import Path

from safezone.assets.commands import AssessReadiness, RecordHeartbeat
from safezone.incidents.commands import EscalateOverdue
from tests.support.station import RunningStation, who

SYSTEM = who("system", "test")


def routes(station: RunningStation, role: str) -> list[str]:
    """What somebody of this role is told now."""
    return [each["route"] for each in station.api(role).ask("/api/v1/notices")["items"]]


def test_each_is_told_what_the_settings_say_and_at_once(tmp_path: Path) -> None:
    station = RunningStation(tmp_path)
    try:
        assert routes(station, "supervisor") == []
        station.api("public").report("robbery")
        station.do(RecordHeartbeat("sos-01"), who("sos_point", "sos-01"))
        since = station.clock.now()
        station.clock.advance(3600)
        station.do(EscalateOverdue(), SYSTEM)
        station.do(AssessReadiness(since), SYSTEM)
        assert routes(station, "supervisor") == ["not_acknowledged", "device_down"]
        assert routes(station, "technician") == ["device_down"]
        assert routes(station, "operator") == routes(station, "chief") == []
        change = {"value": ["chief"], "reason": "ผกก. ขอทราบเอง", "expected_version": 0}
        station.api("admin").act("/api/v1/settings/notices.device_down", change)
        assert routes(station, "chief") == ["device_down"]
        assert routes(station, "technician") == []
    finally:
        station.close()
