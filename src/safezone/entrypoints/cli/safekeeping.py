"""The commands that keep the record safe: backups and the keys that open them."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from safezone.core.archive import new_identity
from safezone.core.backup import list_backups, make_backup, prune
from safezone.core.clock import SystemClock
from safezone.core.depot import open_depot
from safezone.core.errors import CannotStart
from safezone.core.i18n import Words
from safezone.core.settings import Settings
from safezone.core.wrapping import rotate
from safezone.entrypoints.cli.parsing import say
from safezone.entrypoints.house import DataFolder, House, open_folder
from safezone.entrypoints.safekeeping import Outcome, note, working_folder

if TYPE_CHECKING:
    Wire = Callable[[Settings], House]


def run_backup_key(args: argparse.Namespace, _wire: Wire) -> int:
    """`safezone backup-key new`: the identity goes into a file, the recipient is printed."""
    secret, recipient = new_identity()
    try:
        handle = os.open(args.out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as problem:
        say(
            Words(
                th=f"เขียน {args.out} ไม่ได้: {problem.strerror}",
                en=f"Cannot write {args.out}: {problem.strerror}",
            )
        )
        return 1
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(f"# public key: {recipient}\n{secret}\n")
        file.flush()
        os.fsync(file.fileno())
    print(recipient)
    say(
        Words(
            th=f"{args.out} เปิดสำเนาสำรองได้ทั้งหมด: เก็บไว้นอกเครื่องนี้ อย่างน้อยสองที่",
            en=f"{args.out} opens every backup: keep it away from this machine, in two places at least.",
        )
    )
    return 0


def run_backup(args: argparse.Namespace, wire: Wire) -> int:
    """`safezone backup`: 0 when a new backup lies there, whole; what came of it is noted down either way."""

    def told(done: Outcome) -> str:
        return (
            f"สำรองแล้ว / backed up — line {done.seq}, {done.bytes:,} bytes, {done.seconds:.1f} s; "
            f"เก็บไว้ / kept {done.kept}, ลบแล้ว / removed {len(done.pruned)}"
        )

    return run_noted(args.data, "backup", partial(_backup, args, wire), told)


def run_noted(
    data: Path,
    what: Literal["backup", "drill"],
    work: Callable[[DataFolder, Settings, Path], Outcome],
    told: Callable[[Outcome], str],
) -> int:
    """`work` in a folder of its own; what came of it is noted down and told: 0 well, 1 not, 78 not even begun."""
    try:
        folder, settings = open_folder(data)
        with working_folder(folder) as scratch:
            outcome = work(folder, settings, scratch)
    except CannotStart as problem:
        say(problem.words)
        return 78
    note(folder, what, outcome)
    if outcome.why is not None:
        say(outcome.why)
        return 1
    print(f"{outcome.to}/{outcome.name}: {told(outcome)}")
    return 0


def _backup(
    args: argparse.Namespace, wire: Wire, folder: DataFolder, settings: Settings, scratch: Path
) -> Outcome:
    wire(settings)  # Every domain has declared its tables: a copy row by row has no others.
    began, now = time.monotonic(), SystemClock().now()
    to, recipients = args.to or settings.backup.to, args.recipient or settings.backup.recipients
    try:
        if not to:
            raise CannotStart(
                Words(th="ต้องระบุที่เก็บ: --to", en="Say where to: --to, or [backup] to in safezone.toml.")
            )
        depot = open_depot(to, settings.backup, scratch)
        database = folder.database_as_it_is(settings)
        try:
            made = make_backup(
                database,
                _more_files(folder),
                depot,
                recipients,
                now,
                scratch,
                keyring=folder.keyring(settings),
                with_master_key=settings.backup.with_master_key,
            )
        finally:
            database.close()
        kept, gone = list_backups(depot), list[str]()
        if to == settings.backup.to:
            # Only where the clock puts them: what somebody made by hand elsewhere is theirs.
            kept, gone = prune(depot, made.heads[0].station, settings.backup.keep)
    except Exception as problem:
        return Outcome(at=now, ok=False, to=to, why=why_of(problem))
    return Outcome(
        at=now,
        ok=True,
        name=made.name,
        seq=made.heads[0].seq,
        bytes=made.archive.bytes,
        seconds=round(time.monotonic() - began, 3),
        to=to,
        kept=len(kept),
        pruned=gone,
    )


def run_rotate(args: argparse.Namespace, _wire: Wire) -> int:
    """`safezone rotate-master-key`: 0 when everything is wrapped by a new master key and the old one is gone."""
    try:
        folder, settings = open_folder(args.data)
        database = folder.open_database(settings)
        try:
            name, wrapped = rotate(database, folder.keyring(settings))
        finally:
            database.close()
    except CannotStart as problem:
        say(problem.words)
        return 78
    print(f"{name}: เปลี่ยนกุญแจหลักแล้ว / the new master key wraps {wrapped} keys")
    say(
        Words(
            th="สำเนาสำรองเก่ายังต้องใช้กุญแจหลักดอกเก่าที่อยู่ในสำเนานั้น: สำรองข้อมูลใหม่ตอนนี้",
            en="Older backups need the older master key, which lies in them: make a new backup now.",
        )
    )
    return 0


def _more_files(folder: DataFolder) -> list[tuple[str, Path]]:
    """What belongs to a station besides its database; the broker's folder is made anew at the first start."""
    return [(path.name, path) for path in (folder.settings_file, folder.roads_file)]


def why_of(problem: Exception) -> Words:
    """What a person is told of a failure."""
    return problem.words if isinstance(problem, CannotStart) else Words(th=str(problem), en=str(problem))
