"""`safezone press`: a receipt in two languages, or one line that says what is wrong."""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from safezone.core.settings import Settings
from safezone.entrypoints.demo import press
from safezone.entrypoints.house import House
from tests.support.places import eventually, free_port
from tests.support.running import Station, finish


def pressed(station: Station, *words: str) -> CompletedProcess[str]:
    """What was said of it; asked again where a busy machine could not even connect in the three seconds that it tries."""

    def press() -> CompletedProcess[str] | None:
        done = finish(["press", *words, "--data", str(station.data)])
        return None if "is not running" in done.stderr else done

    done = eventually(press)
    assert done is not None
    return done


def test_every_press_is_told_with_its_incident_and_its_time(plain_station: Station) -> None:
    done = pressed(plain_station, "sos-03", "--times", "2")
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    found = re.search(r"ตำรวจได้รับแจ้งแล้ว.* / police have it: incident ([0-9a-f-]{36}) after \d+ ms", first)
    assert found
    assert found[1] in second  # within a minute: one incident
    assert [r["sos_point"] for r in plain_station.list_reports(found[1])] == ["sos-03", "sos-03"]


def test_the_count_goes_on_after_a_restart(plain_station: Station) -> None:
    counts = [int(re.findall(r"press (\d+)\)", pressed(plain_station, "sos-04").stdout)[0]) for _ in range(2)]
    assert counts[1] == counts[0] + 1


def test_an_unknown_point_is_answered_with_those_that_exist(plain_station: Station) -> None:
    done = finish(["press", "sos-99", "--data", str(plain_station.data)])
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    assert "ไม่มีเสา sos-99" in done.stderr
    assert all(f"sos-0{n}" in done.stderr for n in range(1, 9))


def test_a_folder_without_a_demonstration_is_said_to_be_one(tmp_path: Path) -> None:
    done = finish(["press", "sos-03", "--data", str(tmp_path)])
    assert done.returncode == 1
    assert "There is no demonstration in" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_demonstration_that_does_not_run_is_said_not_to(plain_station: Station, tmp_path: Path) -> None:
    shutil.copytree(plain_station.data / "run", tmp_path / "run")
    where = json.loads((tmp_path / "run" / "node.json").read_text("utf-8"))
    (tmp_path / "run" / "node.json").write_text(json.dumps({**where, "mqtt_port": free_port()}), "utf-8")
    done = finish(["press", "sos-03", "--data", str(tmp_path)])
    assert done.returncode == 1
    assert "is not running" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_broker_of_another_demonstration_does_not_take_the_password(
    plain_station: Station, tmp_path: Path
) -> None:
    shutil.copytree(plain_station.data / "run", tmp_path / "run")
    secrets = json.loads((tmp_path / "run" / "demo-secrets.json").read_text("utf-8"))
    for each in secrets["devices"]:
        each["password"] = "another one"
    (tmp_path / "run" / "demo-secrets.json").write_text(json.dumps(secrets), "utf-8")
    done = finish(["press", "sos-03", "--data", str(tmp_path)])
    assert done.returncode == 1
    assert "does not take the password" in done.stderr


def test_without_a_receipt_nobody_is_told_that_police_have_it(
    quick_station: Station, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(press, "RECEIPT_WITHIN_S", 1.0)
    monkeypatch.setattr(press, "CONNECT_WITHIN_S", 60.0)
    node = quick_station.children()["node"]
    os.kill(node, signal.SIGSTOP)
    try:
        asked = argparse.Namespace(data=quick_station.data, point="sos-02", times=1)
        assert press.run_press(asked, _no_wire) == 1
    finally:
        os.kill(node, signal.SIGCONT)
    said = capsys.readouterr()
    assert said.out == ""
    assert "No receipt within 1 s" in said.err
    # The broker has kept it: when the station is back, it is an incident after all.
    eventually(lambda: [i["sos_point"] for i in quick_station.list_incidents()] == ["sos-02"])


def _no_wire(_settings: Settings) -> House:
    raise AssertionError("a press needs nothing of the program but its doors")
