"""The commands that bring a backup back: for real, into an empty folder, and as a drill that proves that it can be done."""

from __future__ import annotations

import argparse
import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from safezone.core import restore
from safezone.core.backup import MASTER_KEY, Manifest
from safezone.core.clock import SystemClock
from safezone.core.depot import Depot, open_depot
from safezone.core.errors import CannotStart
from safezone.core.i18n import Words
from safezone.core.settings import Settings, load_settings
from safezone.entrypoints.cli.commands import print_verdict
from safezone.entrypoints.cli.parsing import say
from safezone.entrypoints.cli.safekeeping import run_noted, why_of
from safezone.entrypoints.house import DataFolder, House
from safezone.entrypoints.safekeeping import Outcome, working_folder

if TYPE_CHECKING:
    Wire = Callable[[Settings], House]


def run_restore(args: argparse.Namespace, wire: Wire) -> int:
    """`safezone restore`: 0 when the folder holds a station whose chain and tables are in order."""
    try:
        # `run` is what an attempt that failed leaves behind.
        if args.data.exists() and any(each.name != "run" for each in args.data.iterdir()):
            raise CannotStart(
                Words(
                    th=f"โฟลเดอร์ {args.data} ไม่ว่าง: กู้คืนลงโฟลเดอร์ว่างเท่านั้น",
                    en=f"The folder {args.data} is not empty: a backup is restored into an empty one only.",
                )
            )
        settings = load_settings(args.settings) if args.settings else Settings()
        identities = restore.read_identities(args.identity)
        folder = DataFolder(args.data)
        folder.make()
        folder.lock()
        with working_folder(folder) as scratch:
            depot = open_depot(str(args.source), settings.backup, scratch)
            name = args.name or restore.newest(depot)
            fetched = DataFolder(scratch / "fetched")
            manifest = _fetch(fetched, depot, name, identities, args.master_key)
            # Settings() on purpose: what came along is not in force yet.
            bus = wire(Settings()).bus
            done = restore.prove(manifest, lambda: fetched.open_database(Settings()), bus, args.until)
            placed = restore.move_in(fetched.path, folder.path)
    except CannotStart as problem:
        say(problem.words)
        return 78
    except OSError as problem:
        say(Words(th=f"อ่านหรือเขียนไม่ได้: {problem}", en=f"Cannot read or write: {problem}"))
        return 1
    for verdict in done.verdicts:
        print_verdict(verdict)
    for head in done.heads:
        print(f"{head.station}: กู้คืนถึงบรรทัด {head.seq} / restored up to line {head.seq} ({name})")
    if args.until is not None:
        print(
            f"ตัดออก {done.cut} บรรทัด, ลบข้อมูลปิดผนึก {done.dropped} รายการ / "
            f"cut off {done.cut} lines, removed {done.dropped} sealed records that no line names any more"
        )
    if "safezone.restored.toml" in placed:
        say(
            Words(
                th="ตรวจ safezone.restored.toml แล้วเปลี่ยนชื่อเป็น safezone.toml ก่อนเปิดสถานี",
                en="Look at safezone.restored.toml and rename it to safezone.toml before the station is started.",
            )
        )
        _tell_of_postgresql(folder)
    return 0 if done.content else 1


def _tell_of_postgresql(folder: DataFolder) -> None:
    """Whoever takes the old settings as they are would go on in the database that was lost."""
    try:
        settings = load_settings(folder.path / "safezone.restored.toml")
    except CannotStart:
        return  # It says what is wrong when it is in force.
    if settings.database_url:
        say(
            Words(
                th="สถานีนี้เคยใช้ PostgreSQL ตอนนี้กู้คืนไว้ใน SQLite: ย้ายเข้าฐานข้อมูลใหม่ด้วย safezone migrate-store "
                "--to postgresql://… แล้วตั้ง database_url เป็นที่อยู่ใหม่ หรือลบบรรทัดนั้นออกเพื่อใช้ SQLite ต่อ",
                en="This station was kept by PostgreSQL and is in SQLite now. Bring it into a new, empty database with "
                "safezone migrate-store --to postgresql://… and set database_url to that one; or take the line "
                "database_url out and go on with SQLite.",
            )
        )


def _fetch(
    fetched: DataFolder, depot: Depot, name: str, identities: list[str], master_key: Path | None
) -> Manifest:
    """The backup's files lie in `fetched`, and beside them the master key that was given apart from it."""
    fetched.path.mkdir(mode=0o700)
    manifest = restore.fetch(depot, name, identities, fetched.path)
    if master_key is not None and not manifest.master_key_inside:
        shutil.copyfile(master_key, fetched.path / MASTER_KEY)
        (fetched.path / MASTER_KEY).chmod(0o600)
    return manifest


def run_drill(args: argparse.Namespace, wire: Wire) -> int:
    """`safezone restore-drill`: 0 when the newest backup could be restored; noted down either way."""

    def told(done: Outcome) -> str:
        return f"กู้คืนได้ / can be restored — line {done.seq}, in order, {done.seconds:.1f} s"

    return run_noted(args.data, "drill", partial(_drill, args, wire), told)


def _drill(
    args: argparse.Namespace, wire: Wire, folder: DataFolder, settings: Settings, scratch: Path
) -> Outcome:
    began, now = time.monotonic(), SystemClock().now()
    source = str(args.source or settings.backup.to)
    name = ""
    try:
        identity = args.identity or (
            settings.backup.drill_identity_file and Path(settings.backup.drill_identity_file)
        )
        if not source or not identity:
            raise CannotStart(
                Words(
                    th="ต้องระบุ --from และ --identity หรือตั้งค่า [backup] to และ drill_identity_file",
                    en="Give --from and --identity, or set [backup] to and drill_identity_file.",
                )
            )
        depot = open_depot(source, settings.backup, scratch)
        name = restore.newest(depot)
        fetched = DataFolder(scratch / "fetched")
        identities = restore.read_identities(identity)
        manifest = _fetch(fetched, depot, name, identities, folder.keyring(settings).path)
        _check_chain(folder, settings, manifest)
        done = restore.prove(manifest, lambda: fetched.open_database(Settings()), wire(settings).bus)
        shutil.rmtree(fetched.path)
        wrong = [verdict for verdict in done.verdicts if not verdict.content]
        if wrong:
            text = f"{wrong[0].station}: {wrong[0].broken or f'{len(wrong[0].differences)} rows differ from the log'}"
            raise CannotStart(
                Words(th=f"สำเนาสำรอง {name} ไม่ถูกต้อง: {text}", en=f"{name} is not in order: {text}")
            )
    except Exception as problem:
        return Outcome(at=now, ok=False, name=name, to=source, why=why_of(problem))
    return Outcome(
        at=now,
        ok=True,
        name=name,
        seq=manifest.heads[0].seq,
        bytes=manifest.archive.bytes,
        seconds=round(time.monotonic() - began, 3),
        to=source,
    )


def _check_chain(folder: DataFolder, settings: Settings, manifest: Manifest) -> None:
    """Anybody can seal an archive for us: only the station's own log says that this one is of this station."""
    live = folder.database_as_it_is(settings)
    try:
        if not restore.is_of_this_chain(live, manifest.heads):
            raise CannotStart(
                Words(
                    th=f"สำเนาสำรอง {manifest.name} ไม่ได้มาจากบันทึกของสถานีนี้",
                    en=f"The backup {manifest.name} does not end at a line of this station's log.",
                )
            )
    finally:
        live.close()
