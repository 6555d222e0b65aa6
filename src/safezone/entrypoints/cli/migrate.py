"""`safezone migrate-store`: a station that is not running moves from SQLite to PostgreSQL, or back."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from safezone.core import schema
from safezone.core.carry_over import copy_store
from safezone.core.db import Database
from safezone.core.errors import CannotStart
from safezone.core.settings import Settings
from safezone.core.wrapping import attach
from safezone.entrypoints.cli.parsing import say
from safezone.entrypoints.house import MIGRATIONS, House, open_folder

if TYPE_CHECKING:
    Wire = Callable[[Settings], House]


def run_migrate_store(args: argparse.Namespace, wire: Wire) -> int:
    """`safezone migrate-store`: 0 when everything stands there and is verified, 78 when nothing was copied."""
    try:
        folder, settings = open_folder(args.data)
        folder.lock()
        house = wire(settings)
        source = folder.open_database(settings)
        target = Database(args.to)
        schema.prepare(target, MIGRATIONS)
        # What is sealed stays sealed by the master key of this folder; one of another key cannot take it in.
        attach(target, folder.keyring(settings))
        done = copy_store(source, target, house.bus, _progress)
        source.close()
        target.close()
    except CannotStart as problem:
        say(problem.words)
        return 78
    for verdict in done.verdicts:
        print(
            f"{verdict.station}: ย้ายครบและตรวจแล้ว / moved and verified — {verdict.events} events, "
            f"{sum(done.rows.values())} rows in {len(done.rows)} tables"
        )
    if source.is_sqlite:
        # Whoever started the old file again would write a second chain.
        kept = folder.database_file.with_name("safezone.db.moved")
        folder.database_file.replace(kept)
        print(f"ไฟล์เดิมเก็บไว้ที่ / the old file is kept as {kept}")
    elsewhere = target.shown if target.url != Database.at(folder.database_file).url else ""
    print(f'ตั้งค่าใน / now set in {folder.settings_file}: database_url = "{elsewhere}"')
    return 0


def _progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{done:,} / {total:,}", end="" if done < total else "\n", file=sys.stderr, flush=True)
