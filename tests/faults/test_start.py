"""What a technician reads when the station cannot start: one line in Thai and English, and exit status 78."""

from __future__ import annotations

import csv
import re
import shutil
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.support.disks import fill, small_disk
from tests.support.places import eventually
from tests.support.running import DEMO_SET, START_LIMIT_S, Station, finish, running

CANNOT_START = 78
THAI = re.compile(r"[\u0e01-\u0e5b]{3}")


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    """A station that runs, in a folder that others want too."""
    with running(tmp_path_factory.mktemp("start") / "data") as found:
        yield found


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port that another program listens on."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def _up(data: Path, *words: str, web: int = 0, mqtt: int = 0) -> list[str]:
    return ["up", "--data", str(data), "--port", str(web), "--mqtt-port", str(mqtt), *words]


def _one_line(words: list[str]) -> str:
    """The only line that `safezone` prints before it gives up; it is in both languages."""
    ended = finish(words)
    printed = (ended.stdout + ended.stderr).strip()
    assert ended.returncode == CANNOT_START, printed
    assert len(printed.splitlines()) == 1, printed
    thai, _, english = printed.rpartition(" / ")
    assert THAI.search(thai), printed
    assert re.search(r"[A-Za-z]{3}", english), printed
    assert not THAI.search(english), printed
    return printed


def test_the_web_port_is_taken(tmp_path: Path, taken_port: int) -> None:
    line = _one_line(_up(tmp_path / "data", "--set", str(DEMO_SET), web=taken_port))
    assert f"127.0.0.1:{taken_port}" in line
    assert "--port" in line


def test_the_mqtt_port_is_taken_and_the_station_is_whole_when_it_is_free_again(
    tmp_path: Path, taken_port: int
) -> None:
    line = _one_line(_up(tmp_path / "data", "--set", str(DEMO_SET), mqtt=taken_port))
    assert str(taken_port) in line
    assert "[broker] port" in line
    # The station was made before the port was asked for: its one administrator link must not be lost.
    with running(tmp_path / "data", station_set=DEMO_SET) as now:
        assert now.ask("GET", "/console").status_code == 200


def test_the_folder_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    line = _one_line(_up(tmp_path / "data", "--set", str(DEMO_SET)))
    assert str(tmp_path / "data") in line
    assert "Not a directory" in line


def test_the_disk_is_read_only(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1024, read_only=True) as disk:
        assert "Read-only file system" in _one_line(_up(disk, "--set", str(DEMO_SET)))


def test_the_disk_is_full(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 256) as disk:
        fill(disk)
        assert "No space left" in _one_line(_up(disk, "--set", str(DEMO_SET)))
        assert "No space left" in _one_line(["demo", "--no-simulation", "--data", str(disk)])


def test_the_disk_is_too_small_for_the_first_tables(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 128) as disk:
        assert "full" in _one_line(_up(disk, "--set", str(DEMO_SET)))


def test_the_disk_is_too_small_for_the_broker(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 8192) as disk:
        assert "at least 64 MiB" in _one_line(_up(disk, "--set", str(DEMO_SET)))


def test_the_data_is_of_a_newer_version(tmp_path: Path, station: Station) -> None:
    data = tmp_path / "data"
    data.mkdir()
    with (
        closing(sqlite3.connect(station.database)) as now,
        closing(sqlite3.connect(data / "safezone.db")) as newer,
    ):
        now.backup(newer)
        newer.execute("UPDATE alembic_version SET version_num = '9041'")
        newer.commit()
    line = _one_line(_up(data))
    assert "9041" in line
    assert "newer" in line
    # An older program must not touch it in passing either.
    with closing(sqlite3.connect(data / "safezone.db")) as newer:
        assert newer.execute("SELECT version_num FROM alembic_version").fetchone() == ("9041",)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ('[web]\nhost = "127.0.0.1\n', "line 2"),
        ("[web]\nprot = 8080\n", "prot"),
        ("[web]\nport = 808080\n", "$.web.port"),
        ("[limits]\nacknowledge_limit_s = 'soon'\n", "$.limits.acknowledge_limit_s"),
    ],
)
def test_the_settings_are_broken(tmp_path: Path, settings: str, named: str) -> None:
    (tmp_path / "safezone.toml").write_text(settings)
    line = _one_line(["up", "--data", str(tmp_path), "--set", str(DEMO_SET)])
    assert "safezone.toml" in line
    assert named in line


def test_there_is_no_station_and_no_set(tmp_path: Path) -> None:
    assert "safezone station example" in _one_line(_up(tmp_path / "data"))


def test_there_is_no_such_set(tmp_path: Path) -> None:
    assert "nowhere" in _one_line(_up(tmp_path / "data", "--set", str(tmp_path / "nowhere")))


def _unreadable_place(folder: Path) -> None:
    with (folder / "sos_points.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    rows[1]["lon"] = "east"  # The first row is the header's, so people count this one as the third.
    with (folder / "sos_points.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


def _without_units(folder: Path) -> None:
    (folder / "units.csv").unlink()


@pytest.mark.parametrize(
    ("breaks", "named"),
    [(_unreadable_place, ("sos_points.csv", "row 3", "lon", "east")), (_without_units, ("units.csv",))],
)
def test_the_station_set_is_broken(
    tmp_path: Path, breaks: Callable[[Path], None], named: tuple[str, ...]
) -> None:
    shutil.copytree(DEMO_SET, tmp_path / "set")
    breaks(tmp_path / "set")
    line = _one_line(_up(tmp_path / "data", "--set", str(tmp_path / "set")))
    assert all(each in line for each in named), line
    # Mended, it starts in the same folder.
    shutil.copytree(DEMO_SET, tmp_path / "set", dirs_exist_ok=True)
    with running(tmp_path / "data", station_set=tmp_path / "set") as now:
        assert now.ask("GET", "/console").status_code == 200


def test_the_ready_file_has_no_folder(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere" / "ready.json"
    assert "--ready-file" in _one_line(
        _up(tmp_path / "data", "--set", str(DEMO_SET), "--ready-file", str(nowhere))
    )


def test_a_second_start_on_the_same_folder_does_no_harm_to_the_first(station: Station) -> None:
    before = sorted(each.name for each in (station.data / "run").iterdir())
    assert "already" in _one_line(_up(station.data))
    assert "already" in _one_line(["node", "--data", str(station.data), "--port", "0"])
    assert sorted(each.name for each in (station.data / "run").iterdir()) == before
    # What the first one needs to bring back a part of itself is still there.
    station.wait_until_answering("broker", unlike=station.kill("broker"))
    station.wait_until_answering("node", unlike=station.kill("node"))


def test_a_start_right_after_the_supervisor_was_killed(tmp_path: Path) -> None:
    """Its children die with it, but not before it: whoever starts anew at once must not find their locks and ports."""
    with ExitStack() as still:
        first = still.enter_context(running(tmp_path / "data"))
        ports = (int(first.url.rpartition(":")[2]), first.mqtt_port)
        first.process.kill()
        with running(tmp_path / "data", ports=ports) as second:
            assert second.ask("GET", "/console").status_code == 200


def test_what_had_come_up_comes_up_again_when_it_can(tmp_path: Path) -> None:
    """A node that dies while the disk is full is not given up: it comes back when there is room."""
    with small_disk(tmp_path / "disk", 100 * 1024) as disk, running(disk / "data") as station:
        ballast = fill(disk)
        dead = station.kill("node")
        eventually(lambda: f"has ended (code {CANNOT_START})" in station.said(), within_s=START_LIMIT_S)
        assert station.process.poll() is None
        ballast.unlink()
        station.wait_until_answering("node", unlike=dead)
