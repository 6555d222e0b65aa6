"""A program put together but not running yet, and what it needs to run: its folder, its database, its lane."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Final

from safezone.core import schema
from safezone.core.authenticator import Authenticator
from safezone.core.bus import Bus
from safezone.core.clock import Clock, SystemClock
from safezone.core.db import Database
from safezone.core.desk import Desk
from safezone.core.errors import CannotStart
from safezone.core.follower import Follower
from safezone.core.i18n import Words
from safezone.core.in_force import SettingsInForce
from safezone.core.keyring import Keyring
from safezone.core.lane import WriterLane
from safezone.core.settings import Settings, load_settings
from safezone.core.wrapping import attach
from safezone.incidents.surroundings import Surroundings

MIGRATIONS: Final = Path(__file__).parent.parent / "migrations"


class House:
    """What `main.wire` has put together."""

    def __init__(self, in_force: SettingsInForce, bus: Bus, surroundings: Surroundings) -> None:
        self.in_force = in_force
        self.settings = in_force.from_file
        self.bus = bus
        self.surroundings = surroundings


class DataFolder:
    """Everything that one program keeps on disk, in one folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.database_file = path / "safezone.db"
        self.settings_file = path / "safezone.toml"
        self.roads_file = path / "roads.npz"
        self.imports = path / "imports"
        self.ground = path / "ground"
        self.broker = path / "broker"
        self.access = path / "access"
        self.acme = path / "acme"
        self.run = path / "run"
        self.checkpoints = path / "checkpoints"
        self.chain_check_file = path / "chain-check.json"
        self.safekeeping_file = path / "safekeeping.json"
        self._lock: IO[str] | None = None
        self._shared: IO[str] | None = None

    def make(self) -> None:
        """The folder is there and can be written; CannotStart says why it cannot."""
        try:
            self.run.mkdir(parents=True, exist_ok=True)
            probe = self.run / ".write-probe"
            probe.write_bytes(b"can this be written?" * 256)
            probe.unlink()
        except OSError as problem:
            raise CannotStart(
                Words(
                    th=f"เขียนโฟลเดอร์ข้อมูล {self.path} ไม่ได้ ({problem.strerror}): ตรวจสิทธิ์และพื้นที่ดิสก์",
                    en=f"The data folder {self.path} cannot be written ({problem.strerror}): "
                    "check its permissions and the disk's space.",
                )
            ) from problem

    def lock(self, part: str = "") -> None:
        """No second program works in this folder, or none as the same part of it; CannotStart when one does.

        The parts of one station share the folder with each other, and with nobody who wants it for himself.
        """
        lock = (self.run / f"{part or 'node'}.lock").open("a+")
        try:
            if part:
                self._shared = (self.run / "node.lock").open("a+")
                fcntl.flock(self._shared, fcntl.LOCK_SH | fcntl.LOCK_NB)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise CannotStart(
                Words(
                    th=f"มีโปรแกรม safezone ทำงานกับโฟลเดอร์ {self.path} อยู่แล้ว",
                    en=f"Another safezone is working in {self.path} already.",
                )
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        self._lock = lock

    def unlock(self) -> None:
        """Another program may work here."""
        for lock in (self._lock, self._shared):
            if lock is not None:
                lock.close()
        self._lock = self._shared = None

    def keyring(self, settings: Settings) -> Keyring:
        """The ring with the station's master key, whose file may not be there yet."""
        named = settings.keys.master_key_file
        return Keyring(Path(named) if named else self.path / "master.key")

    def database_as_it_is(self, settings: Settings) -> Database:
        """The database, whatever version its tables are of."""
        return Database(settings.database_url) if settings.database_url else Database.at(self.database_file)

    def open_database(self, settings: Settings) -> Database:
        """The database with the tables of this version."""
        database = self.database_as_it_is(settings)
        schema.prepare(database, MIGRATIONS)
        attach(database, self.keyring(settings))
        return database


def open_folder(path: Path) -> tuple[DataFolder, Settings]:
    """The data folder of a station, which must be there already, and its settings. Nothing is migrated by it."""
    folder = DataFolder(path)
    settings = load_settings(folder.settings_file)
    if not settings.database_url and not folder.database_file.exists():
        raise CannotStart(
            Words(
                th=f"ไม่พบข้อมูลสถานีใน {path}",
                en=f"There is no station's data in {path}: say where with --data.",
            )
        )
    folder.make()
    return folder, settings


def served_of(stations: Sequence[str], settings: Settings) -> str | None:
    """Which of the stations of a database this program serves; None while it is not there.

    CannotStart when there are several and the settings do not say which: guessed, two programs would serve the same one.
    """
    if settings.station:
        return settings.station if settings.station in stations else None
    if len(stations) > 1:
        listed = ", ".join(stations)
        raise CannotStart(
            Words(
                th=f'ฐานข้อมูลนี้มีหลายสถานี ({listed}): ระบุใน safezone.toml ว่าโปรแกรมนี้ดูแลสถานีใด เช่น station = "{stations[0]}"',
                en=f"This database has several stations ({listed}): say in safezone.toml which of them this program "
                f'serves, as in station = "{stations[0]}".',
            )
        )
    return stations[0] if stations else None


class Engine:
    """A house with its database and its lane: enough to carry out commands and to ask."""

    def __init__(self, house: House, database: Database, station: str, clock: Clock | None = None) -> None:
        self.house = house
        self.clock = clock or SystemClock()
        self.lane = WriterLane(database, house.bus, self.clock)
        self.desk = Desk(
            station=station,
            in_force=house.in_force,
            database=database,
            bus=house.bus,
            clock=self.clock,
            lane=self.lane,
            authenticator=Authenticator(
                database, self.clock, self.lane, station, house.settings.accounts.idle_min * 60
            ),
        )
        self.follower = Follower(database, self.desk.reader, station, self.lane.tell)
        self.lane.report_to(self.follower.take)

    def start(self) -> None:
        """Commands are carried out from now on, and what anybody commits from now on is told."""
        self.follower.start()
        self.lane.start()

    def stop(self) -> None:
        """Every command that was handed in is done; nothing is open any more."""
        self.lane.stop()
        self.desk.close()
        self.desk.database.close()
