"""What a technician reads when the station cannot start: one line in Thai and English, and exit status 78."""

from __future__ import annotations

import csv
import re
import shutil
import socket
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.support.disks import fill, small_disk
from tests.support.places import eventually
from tests.support.running import DEMO_SET, START_LIMIT_S, Station, finish, lives, running

CANNOT_START = 78
THAI = re.compile(r"[\u0e01-\u0e5b]{3}")
Words = list[str]


def _up(data: Path, *words: str, web: int = 0, mqtt: int = 0) -> Words:
    return ["up", "--data", str(data), "--port", str(web), "--mqtt-port", str(mqtt), *words]


def _up_with_set(data: Path, *words: str, web: int = 0, mqtt: int = 0) -> Words:
    return _up(data, "--set", str(DEMO_SET), *words, web=web, mqtt=mqtt)


def _only_line(ended: CompletedProcess[str]) -> str:
    """The one line that was printed, in both languages, before `safezone` gave up with the right status."""
    printed = (ended.stdout + ended.stderr).strip()
    assert ended.returncode == CANNOT_START, printed
    assert len(printed.splitlines()) == 1, printed
    thai, _, english = printed.rpartition(" / ")
    assert THAI.search(thai), printed
    assert re.search(r"[A-Za-z]{3}", english), printed
    assert not THAI.search(english), printed
    return printed


# ── what is wrong with the folder, the settings or the set: each case prepares its folder ──


def _file_in_the_way(at: Path) -> Words:
    (at / "data").write_text("")
    return _up_with_set(at / "data")


def _with_settings(text: str) -> Callable[[Path], Words]:
    def prepare(at: Path) -> Words:
        (at / "safezone.toml").write_text(text)
        return ["up", "--data", str(at), "--set", str(DEMO_SET)]

    return prepare


def _with_set(breaks: Callable[[Path], None]) -> Callable[[Path], Words]:
    def prepare(at: Path) -> Words:
        shutil.copytree(DEMO_SET, at / "set")
        breaks(at / "set")
        return _up(at / "data", "--set", str(at / "set"))

    return prepare


def _unreadable_place(folder: Path) -> None:
    with (folder / "sos_points.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    rows[1]["lon"] = "east"  # The first row is the header's, so people count this one as the third.
    with (folder / "sos_points.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


BROKEN: dict[str, tuple[Callable[[Path], Words], tuple[str, ...]]] = {
    "a file where the folder should be": (_file_in_the_way, ("data", "Not a directory")),
    "settings that are not TOML": (_with_settings('[web]\nhost = "127.0.0.1\n'), ("safezone.toml", "line 2")),
    "a setting out of range": (_with_settings("[web]\nport = 808080\n"), ("safezone.toml", "$.web.port")),
    "no station, no set and no page to found one": (
        lambda at: _up(at / "data", "--separate"),
        ("--set", "safezone station example"),
    ),
    "a set with a wrong cell": (_with_set(_unreadable_place), ("sos_points.csv", "row 3", "lon", "east")),
    "a set without a file": (_with_set(lambda folder: (folder / "units.csv").unlink()), ("units.csv",)),
    "a ready file without a folder": (
        lambda at: _up_with_set(at / "data", "--ready-file", str(at / "nowhere" / "ready.json")),
        ("--ready-file", "nowhere"),
    ),
}


@pytest.fixture(scope="module")
def endings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, CompletedProcess[str]]:
    """How `safezone` ended in each case; two at a time, because most of it is Python loading the program."""
    asked = {name: prepare(tmp_path_factory.mktemp("broken")) for name, (prepare, _) in BROKEN.items()}
    with ThreadPoolExecutor(2) as two:
        return dict(zip(asked, two.map(finish, asked.values()), strict=True))


@pytest.mark.parametrize("case", BROKEN)
def test_it_says_in_one_line_what_is_wrong_with(case: str, endings: dict[str, CompletedProcess[str]]) -> None:
    line = _only_line(endings[case])
    assert [each for each in BROKEN[case][1] if each not in line] == [], line


# ── what is wrong with the machine ──


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port that another program listens on."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_the_web_port_is_taken(tmp_path: Path, taken_port: int) -> None:
    line = _only_line(finish(_up_with_set(tmp_path / "data", web=taken_port)))
    assert f"127.0.0.1:{taken_port}" in line
    assert "--port" in line


def test_the_mqtt_port_is_taken_and_the_station_is_whole_when_it_is_free_again(
    tmp_path: Path, taken_port: int
) -> None:
    line = _only_line(finish(_up_with_set(tmp_path / "data", mqtt=taken_port)))
    assert str(taken_port) in line
    assert "[broker] port" in line
    # The station was made before the port was asked for: its one administrator link must not be lost.
    with running(tmp_path / "data", station_set=DEMO_SET) as now:
        assert now.ask("GET", "/console").status_code == 200


def test_the_disk_is_read_only(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1024, read_only=True) as disk:
        assert "Read-only file system" in _only_line(finish(_up_with_set(disk)))


def test_the_disk_is_full(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 256) as disk:
        fill(disk)
        assert "No space left" in _only_line(finish(_up_with_set(disk)))
        assert "No space left" in _only_line(finish(["demo", "--no-simulation", "--data", str(disk)]))


@pytest.mark.parametrize(("size_kib", "said"), [(128, "full"), (8192, "at least 64 MiB")])
def test_the_disk_is_too_small(tmp_path: Path, size_kib: int, said: str) -> None:
    """Full while the first tables are written, and too small for what the broker may have to keep."""
    with small_disk(tmp_path / "disk", size_kib) as disk:
        assert said in _only_line(finish(_up_with_set(disk)))


# ── beside, after and in the middle of another start ──


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    """A station that runs, in a folder that others want too."""
    with running(tmp_path_factory.mktemp("start") / "data") as found:
        yield found


def test_the_data_is_of_a_newer_version(tmp_path: Path, station: Station) -> None:
    kept = tmp_path / "safezone.db"
    with closing(sqlite3.connect(station.database)) as now, closing(sqlite3.connect(kept)) as newer:
        now.backup(newer)
        newer.execute("UPDATE alembic_version SET version_num = '9041'")
        newer.commit()
    line = _only_line(finish(_up(tmp_path)))
    assert "9041" in line
    assert "newer" in line
    # An older program must not touch it in passing either.
    with closing(sqlite3.connect(kept)) as newer:
        assert newer.execute("SELECT version_num FROM alembic_version").fetchone() == ("9041",)


def test_a_second_start_on_the_same_folder_does_no_harm_to_the_first(station: Station) -> None:
    before = sorted(each.name for each in (station.data / "run").iterdir())
    assert "already" in _only_line(finish(_up(station.data)))
    assert "already" in _only_line(finish(["node", "--data", str(station.data), "--port", "0"]))
    assert sorted(each.name for each in (station.data / "run").iterdir()) == before
    # What the first one needs to bring back a part of itself is still there.
    broker, node = station.kill("broker"), station.kill("node")
    station.wait_until_answering("broker", unlike=broker)
    station.wait_until_answering("node", unlike=node)


def test_kill_of_the_supervisor_leaves_no_orphan_and_the_next_start_finds_the_place_free(
    tmp_path: Path,
) -> None:
    with ExitStack() as still:
        first = still.enter_context(running(tmp_path / "data"))
        ports, mine = (int(first.url.rpartition(":")[2]), first.mqtt_port), first.processes()
        assert len(mine) >= 3
        first.process.kill()
        # Its children die with it, but not before it: their locks and ports may be in the way for a moment.
        with running(tmp_path / "data", ports=ports) as second:
            assert second.ask("GET", "/console").status_code == 200
            eventually(lambda: not any(map(lives, mine)))


def test_what_had_come_up_comes_up_again_when_it_can(tmp_path: Path) -> None:
    """A node that dies while the disk is full is not given up: it comes back when there is room."""
    with (
        small_disk(tmp_path / "disk", 100 * 1024) as disk,
        running(disk / "data", log=tmp_path / "said.log") as station,
    ):
        ballast = fill(disk)
        dead = station.kill("node")
        eventually(lambda: f"has ended (code {CANNOT_START})" in station.said(), within_s=START_LIMIT_S)
        assert station.process.poll() is None
        ballast.unlink()
        station.wait_until_answering("node", unlike=dead)
