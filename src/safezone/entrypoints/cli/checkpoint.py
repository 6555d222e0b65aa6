"""`safezone checkpoint`: signed statements of where the log stood, made, listed, checked and compared with the log."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from safezone.core.checkpoints import Checkpoint, NotGenuine, compare, read_checkpoint
from safezone.core.errors import CannotStart
from safezone.core.i18n import Words
from safezone.core.rebuild import list_stations
from safezone.entrypoints.audit.witness import Witness
from safezone.entrypoints.cli.parsing import say
from safezone.entrypoints.house import open_folder, served_of

if TYPE_CHECKING:
    import argparse

    from sqlalchemy import Connection

    from safezone.entrypoints.cli.parsing import Wire

RESULTS = {
    "agrees": "ตรงกับบันทึก / the log agrees",
    "rewritten": "!!! บันทึกถูกเขียนใหม่ / THE LOG WAS REWRITTEN: this line has another hash now",
    "shorter": "!!! บันทึกสั้นกว่าที่ลงลายเซ็นไว้ / THE LOG IS SHORTER than what was signed",
    None: "!!! ลายเซ็นไม่ถูกต้องหรือลำดับขาด / NOT GENUINE, or one between them is missing",
}


def run_checkpoint(args: argparse.Namespace, _wire: Wire) -> int:
    """0 when everything that was looked at agrees, 1 when something does not."""
    try:
        folder, settings = open_folder(args.data)
        database = folder.open_database(settings)
        try:
            with database.read() as conn:
                station = served_of(list_stations(conn), settings)
                if station is None:
                    raise CannotStart(Words(th="ยังไม่มีบันทึกของสถานี", en="There is no station's log here yet."))
                witness = Witness(folder, settings, station)
                return _do(args, witness, conn)
        finally:
            database.close()
    except CannotStart as problem:
        say(problem.words)
        return 78


def _do(args: argparse.Namespace, witness: Witness, conn: Connection) -> int:
    if args.what == "public-key":
        print(witness.signer().public_key)
        return 0
    if args.what == "make":
        name = witness.make(conn, datetime.now(UTC))
        print(witness.text(name or "") or "", end="")
        return 0 if name else 1
    if args.what == "verify":
        if args.file is None:
            say(Words(th="บอกไฟล์ที่จะตรวจ", en="Say which file: safezone checkpoint verify FILE"))
            return 2
        return verify_file(args.file, args.public_key, witness, conn)
    return list_kept(witness, conn)


def list_kept(witness: Witness, conn: Connection) -> int:
    """Prints each of the station's own checkpoints with what the log says to it."""
    kept = witness.compare(conn)
    for each in kept:
        at = f"{each.said.seq:>10,}  {each.said.at:%Y-%m-%d %H:%M:%S}Z" if each.said else " " * 32
        print(f"{each.name}  {at}  {RESULTS[each.result]}")
    return 0 if all(each.agrees for each in kept) else 1


def verify_file(file: Path, public_key: str, witness: Witness, conn: Connection) -> int:
    """Prints what one checkpoint, from wherever it was kept, says and what the log says to it."""
    key = public_key or witness.signer().public_key
    if public_key and Path(public_key).is_file():
        key = Path(public_key).read_text("utf-8")
    try:
        said: Checkpoint = read_checkpoint(file.read_text("utf-8"), key)
    except (OSError, UnicodeDecodeError, NotGenuine) as problem:
        print(f"{file}: {RESULTS[None]} ({problem})", file=sys.stderr)
        return 1
    result = compare(conn, said.station, [said])[said.seq]
    print(f"{file}: {said.station}, {said.seq:,} lines, {said.at:%Y-%m-%d %H:%M:%S}Z — {RESULTS[result]}")
    return 0 if result == "agrees" else 1
