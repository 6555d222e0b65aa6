"""The simulated poles and patrols, played as a user plays them: by the command, against a real station."""

from __future__ import annotations

import asyncio
import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest

from safezone.entrypoints.demo.doors import Door, Refused
from safezone.entrypoints.demo.pole import Counter, Pole
from safezone.entrypoints.demo.running import find_running
from safezone.entrypoints.demo.scenario import Evening
from tests.support.places import eventually
from tests.support.running import LAST_STOP_LIMIT_S, Station, finish, start
from tests.support.waiting import pause

AT_ONCE_S = 15.0
"""Half as long as from one sign of life of a pole to the next: it has waited for nothing."""
UNITS = {"car-1", "car-2", "moto-1", "moto-2", "foot-1", "foot-2"}


@contextmanager
def simulated(station: Station, *words: str) -> Iterator[tuple[Popen[bytes], Path]]:
    """The station has life; what the simulation prints is in the file."""
    log = station.data.parent / "simulate.log"
    process = start(["simulate", "--data", str(station.data), *words], log)
    try:
        yield process, log
    finally:
        process.kill()
        process.wait()


def test_the_evening_ends_as_it_is_told(quick_station: Station) -> None:
    with simulated(quick_station, "--scenario", "evening", "--speed", "12") as (process, log):
        eventually(lambda: "The evening is over" in log.read_text("utf-8"), within_s=240)
        _told_in_order(log.read_text("utf-8"))
        # The officer hears of the closing by the feed, before or after the last caption.
        eventually(lambda: "goes on patrolling" in log.read_text("utf-8"))
        _three_incidents(quick_station.list_incidents())
        # On a busy machine a pole may just be missed, or a unit: it is heard again.
        eventually(lambda: _all_are_well_but(quick_station, "sos-08"))
        eventually(
            lambda: {u["state"] for u in quick_station.ask("GET", "/units").json()["items"]} == {"available"}
        )
        assert process.poll() is None, "life goes on after the evening"
    refused = quick_station.ask("GET", "/admin/refused-messages", who="admin").json()["items"]
    assert not refused, "the simulation says nothing that the doors do not understand"
    quick_station.stop(within_s=LAST_STOP_LIMIT_S)
    verdict = finish(["verify", "--data", str(quick_station.data)])
    assert verdict.returncode == 0, verdict.stdout


def _all_are_well_but(station: Station, silent: str) -> bool:
    """Every other pole is ready, and every unit on duty is somewhere."""
    console = station.ask("GET", "/console").json()
    readiness = {a["id"]: a["readiness"] for a in console["assets"] if a["kind"] == "sos_point"}
    placed = {u["id"] for u in console["units"] if u["on_duty"] and u["fix"]}
    return (readiness.pop(silent), set(readiness.values()), placed) == ("DOWN", {"READY"}, UNITS)


def _told_in_order(said: str) -> None:
    """What is played, one after the other; and what the unit does by itself, which takes as long as it takes."""
    begins, sent, ends = (
        "เริ่มเหตุการณ์สมมติ.*The evening begins",
        "สั่งการตามคำแนะนำ.*recommended unit is sent",
        "จบเหตุการณ์สมมติ.*The evening is over",
    )
    played = [
        "มีผู้กด sos-03.*sos-03 is pressed",
        "sos-03 กดซ้ำ.*not a second one",
        "มีผู้โทรแจ้ง.*Somebody calls",
        "ศูนย์ควบคุมรับทราบ.*acknowledges 25",
        sent,
        "มีผู้กด sos-06.*sos-06 is pressed",
        "แจ้งเหตุเท็จ.*false alarm",
        "sos-08 เงียบไป.*sos-08 falls silent",
    ]
    by_itself = [sent, "รับงานแล้ว.*has accepted", "กำลังไป.*is on the way", "ถึงที่เกิดเหตุ / .*is on scene"]
    for told in ([begins, *played, ends], [begins, *by_itself, ends]):
        position = 0
        for each in told:
            found = re.compile(each).search(said, position)
            assert found, f"not told, or not in this order: {each}\n{said}"
            position = found.end()
    assert "ถึงที่เกิดเหตุ / " in said
    assert "sos-08: ใช้งานไม่ได้" in said


def _three_incidents(incidents: list[dict[str, Any]]) -> None:
    by_point = {each["sos_point"]: each for each in incidents}
    assert len(incidents) == 3
    pier, temple, call = by_point["sos-03"], by_point["sos-06"], by_point[None]
    assert (pier["state"], pier["outcome"], pier["report_count"]) == ("closed", "resolved", 2)
    assert (temple["state"], temple["outcome"], temple["report_count"]) == ("closed", "false_alarm", 1)
    assert (call["state"], call["kind"], call["channel"]) == ("reported", "accident", "phone")
    assert all(each["synthetic"] for each in incidents)
    [sent] = pier["assignments"]
    steps = [sent[f"{step}_at"] for step in ("assigned", "accepted", "en_route", "on_scene", "cleared")]
    assert None not in steps
    assert steps == sorted(steps)


def test_life_goes_on_when_the_node_or_the_broker_was_killed(quick_station: Station) -> None:
    with simulated(quick_station, "--speed", "5") as (process, _log):
        eventually(lambda: _seen_since(quick_station, datetime.min.replace(tzinfo=UTC)))
        for child in ("node", "broker"):
            pid, killed_at = quick_station.kill(child), datetime.now(UTC)
            quick_station.wait_until_answering(child, unlike=pid)
            eventually(lambda at=killed_at: _seen_since(quick_station, at))  # type: ignore[misc]
        assert process.poll() is None


def _seen_since(station: Station, at: datetime) -> bool:
    """Whether every pole and every unit was heard after `at`."""
    console = station.ask("GET", "/console").json()
    heard = [a.get("last_heartbeat_at") for a in console["assets"] if a["kind"] == "sos_point"]
    heard += [u["fix"] and u["fix"]["received_at"] for u in console["units"]]
    return all(one is not None and datetime.fromisoformat(one) > at for one in heard)


def test_a_unit_goes_where_it_is_sent_and_back_to_its_round(quick_station: Station) -> None:
    ask = quick_station.ask
    with simulated(quick_station, "--speed", "12"):
        before = eventually(lambda: _unit(quick_station, "car-2")["fix"])
        place = {"lon": before["lon"] + 0.0012, "lat": before["lat"] - 0.0008}
        body = {"kind": "theft", "channel": "phone", "place": place}
        incident_id = ask("POST", "/reports", body).json()["incident_id"]
        path = f"/incidents/{incident_id}"
        ask("POST", f"{path}/dispatch", {"expected_version": 1, "unit_ids": ["car-2"]})
        eventually(lambda: ask("GET", path).json()["incident"]["state"] == "on_scene")
        fix = _unit(quick_station, "car-2")["fix"]
        assert abs(fix["lon"] - place["lon"]) + abs(fix["lat"] - place["lat"]) < 0.0004, (
            "it is there, within 40 m"
        )
        version = ask("GET", path).json()["incident"]["version"]
        ask("POST", f"{path}/close", {"expected_version": version, "outcome": "no_action_needed"})
        eventually(lambda: _unit(quick_station, "car-2")["state"] == "available")
        here = _unit(quick_station, "car-2")["fix"]
        eventually(lambda: (_unit(quick_station, "car-2")["fix"] or here)["lat"] != here["lat"])


def _unit(station: Station, unit_id: str) -> dict[str, Any]:
    units: list[dict[str, Any]] = station.ask("GET", "/units").json()["items"]
    return next(each for each in units if each["id"] == unit_id)


def test_it_ends_at_once_when_told_to(quick_station: Station) -> None:
    with simulated(quick_station) as (process, _log):
        eventually(lambda: _unit(quick_station, "moto-1")["fix"])
        process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        assert process.wait(60) == 0
        assert time.monotonic() - began < AT_ONCE_S


def test_it_ends_while_it_waits_for_the_station(tmp_path: Path) -> None:
    log = tmp_path / "log"
    process = start(["simulate", "--data", str(tmp_path)], log)
    # It waits when it has set its own handler; before that the signal would end it in another way.
    eventually(lambda: _catches(process.pid, signal.SIGTERM))
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    assert log.read_text("utf-8") == ""


def _catches(pid: int, number: int) -> bool:
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        pytest.skip("this machine has no /proc to see whether a process catches a signal")
    caught = int(re.findall(r"SigCgt:\s*([0-9a-f]+)", status.read_text())[0], 16)
    return bool(caught >> (number - 1) & 1)


def test_a_folder_that_is_no_demonstration_is_refused_for_good(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "node.json").write_text(
        '{"url": "http://127.0.0.1:1", "station": "mdh", "mqtt_host": "127.0.0.1", "mqtt_port": 1}'
    )
    done = finish(["simulate", "--data", str(tmp_path)])
    assert done.returncode == 78
    assert "ไม่พบสถานีสาธิต" in done.stderr


class Slower(Door):
    """The door of an operator who always comes second: what they do with an incident they do when it is closed."""

    async def ask(self, method: str, path: str, body: Any = None, key: str | None = None) -> Any:
        incident = re.match("(/api/v1/incidents/[^/]+)/", path)
        while method == "POST" and incident and await self._is_open(incident[1]):
            await pause(0.02)
        return await super().ask(method, path, body, key)

    async def _is_open(self, path: str) -> bool:
        return bool((await super().ask("GET", path))["incident"]["state"] != "closed")


async def test_when_somebody_else_is_quicker_the_evening_goes_on(
    quick_station: Station, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever watches the demonstration may act in it: here every incident is closed as soon as it is there."""

    def find() -> Any:
        return find_running(quick_station.data)

    poles = {
        point: Pole(point, login.password, find, Counter(quick_station.data, point))
        for point, login in quick_station.poles.items()
    }
    lives = {point: asyncio.create_task(pole.run(1)) for point, pole in poles.items()}
    operator = Slower(find, quick_station.tokens["operator-2"])
    viewer = Door(find, quick_station.tokens["operator"])

    async def close_all() -> None:
        for each in (await viewer.ask("GET", "/api/v1/incidents?state=open"))["items"]:
            body = {"expected_version": each["version"], "outcome": "drill"}
            with suppress(Refused):  # Of two that close at once the second is told that it is closed.
                await viewer.ask("POST", f"/api/v1/incidents/{each['id']}/close", body)

    def on_change(change: dict[str, Any]) -> None:
        if change["kind"] == "report_received":
            closing.append(asyncio.create_task(close_all()))

    closing: list[asyncio.Task[None]] = []
    watching = asyncio.create_task(viewer.follow(close_all, on_change))
    try:
        await asyncio.wait_for(Evening(operator, poles, lives, 40).play(), 120)
        await asyncio.gather(*closing)
    finally:
        for task in (watching, *lives.values()):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await asyncio.gather(*closing)
        operator.close()
        viewer.close()
    said = capsys.readouterr().out
    assert "มีผู้ดำเนินการไปแล้ว / " in said
    assert "The evening is over" in said
    assert {i["outcome"] for i in quick_station.list_incidents()} == {"drill"}


def test_a_new_demonstration_notices_a_silent_pole_within_a_minute(tmp_path: Path) -> None:
    """Its own settings, written when it is made; what somebody has set there is not touched."""
    from safezone.core.settings import load_settings
    from safezone.entrypoints import up

    up._put_demo_settings(tmp_path / "new")
    settings = load_settings(tmp_path / "new" / "safezone.toml").heartbeats
    assert settings.interval_s < settings.watch_after_s < settings.down_after_s < 60
    (tmp_path / "new" / "safezone.toml").write_text("[web]\nport = 1\n", "utf-8")
    up._put_demo_settings(tmp_path / "new")
    assert load_settings(tmp_path / "new" / "safezone.toml").web.port == 1
