"""Another station in the same database, with a program of its own: its folder, lane, settings and access log are its own."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

from safezone.assets.station_set import read_station_set
from safezone.core.clock import ManualClock
from safezone.core.settings import Settings
from safezone.entrypoints.house import DataFolder, Engine
from safezone.entrypoints.node_process import DEMO_SET, DEMO_TOKENS
from safezone.entrypoints.setting_up import NewStation, create_station
from safezone.main import wire
from tests.support.station import START, RunningStation, Station, template

_IDS = re.compile(r"\b(car|moto|foot|sos|cam|cs)-(?=\d)")


def write_set(folder: Path, station: str, prefix: str, *, synthetic: bool = True) -> Path:
    """The demonstration's set under another name, its things (`car-1`) under names with the prefix (`their-car-1`)."""
    made = folder / f"set-of-{station}"
    shutil.copytree(DEMO_SET, made)
    for file in made.iterdir():
        text = file.read_text("utf-8").replace('id = "mdh"', f'id = "{station}"')
        text = text if synthetic else text.replace("synthetic = true", "synthetic = false")
        file.write_text(_IDS.sub(rf"{prefix}-\1-", text), "utf-8")
    return made


def database_of(first: Station) -> str:
    """The address of the database in which that station is."""
    return first.settings.database_url or f"sqlite:///{first.folder.database_file}"


def settle_beside(first: Station, folder: Path, station: str, *, synthetic: bool = True) -> NewStation:
    """A station with the demonstration's things is in the first one's database; its folder has the same master key."""
    own = DataFolder(folder)
    own.make()
    shutil.copy(template().database_file.with_name("master.key"), folder / "master.key")
    read = read_station_set(write_set(folder, station, station, synthetic=synthetic))
    settings = Settings(database_url=database_of(first))
    engine = Engine(wire(settings), own.open_database(settings), station, ManualClock(START))
    engine.start()
    try:
        return create_station(engine, read, tokens=DEMO_TOKENS)
    finally:
        engine.stop()


class Neighbour(RunningStation):
    """The running program of a station that shares a database with the first one."""

    def __init__(self, first: Station, folder: Path, station: str, *, synthetic: bool = False) -> None:
        new = settle_beside(first, folder, station, synthetic=synthetic)
        self.name = new.name
        super().__init__(folder, Settings(database_url=database_of(first)), station)
        self.tokens = {**new.tokens, **{f"{each.id}": each.password for each in new.devices}}

    def names_seat(self, seat: str) -> None:
        """Its administrator says in the browser who may see its figures; nobody, when empty."""
        admin = self.api("admin")
        groups = admin.ask("/api/v1/settings")["groups"]
        items: list[dict[str, Any]] = [item for group in groups for item in group["items"]]
        version = next(item["version"] for item in items if item["key"] == "region.seat")
        said = {"value": seat, "reason": "ตามคำสั่งจังหวัด", "expected_version": version}
        admin.act("/api/v1/settings/region.seat", said)
