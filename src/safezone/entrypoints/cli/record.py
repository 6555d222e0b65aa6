"""The options of the commands that look after the record."""

from __future__ import annotations

import argparse
from pathlib import Path

from safezone.entrypoints.cli.options import STATION_DATA, Commands, add, add_data


def _add_public_key(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--public-key",
        default="",
        metavar="KEY",
        help="public key (or a file with it) that was kept elsewhere; without it the station's own key is believed",
    )


def add_checkpoint(commands: Commands[argparse.ArgumentParser]) -> None:
    """`safezone checkpoint`."""
    checkpoint = add(
        commands,
        "checkpoint",
        "Signed statements of where the log stood, by which a rewritten database shows.",
        "safezone checkpoint verify /media/usb/mdh-20261120T120000Z-0000004711.txt",
    )
    checkpoint.add_argument(
        "what",
        choices=("list", "make", "verify", "public-key"),
        help="list them with what the log says, make one now, verify a FILE, or print the public key",
    )
    checkpoint.add_argument("file", type=Path, nargs="?", metavar="FILE", help="the checkpoint to verify")
    add_data(checkpoint, STATION_DATA)
    _add_public_key(checkpoint)


def add_record(commands: Commands[argparse.ArgumentParser]) -> None:
    """`safezone alive`, `doctor`, `certificate`, `verify`, `rebuild` and `migrate-store`."""
    alive = add(
        commands,
        "alive",
        "Whether the program of a data folder answers, for a container's health check. Ends with 0 or 1.",
        "safezone alive --data data/station",
    )
    add_data(alive, STATION_DATA)
    doctor = add(
        commands,
        "doctor",
        "Look at a data folder and the station that runs in it, and say what to do. Changes nothing. "
        "Ends with 0 (well), 3 (something to look at) or 1 (something is bad).",
        "safezone doctor --data data/demo",
    )
    add_data(doctor, STATION_DATA)
    doctor.add_argument("--json", action="store_true", help="print the checks as JSON")
    certificate = add(
        commands,
        "certificate",
        "Say which certificate is shown and until when, and what came of getting it ([acme]). "
        "Ends with 0 (well), 3 (something to look at) or 1 (something is bad).",
        "safezone certificate --data data/station --renew",
    )
    add_data(certificate, STATION_DATA)
    certificate.add_argument(
        "--renew", action="store_true", help="a station that runs asks for a new one now, without waiting"
    )
    verify = add(
        commands,
        "verify",
        "Check the log's chain, replay it into an empty database and compare every table. Changes nothing.",
        "safezone verify --data data/demo",
    )
    add_data(verify, STATION_DATA)
    verify.add_argument("--json", action="store_true", help="print the verdict as JSON")
    verify.add_argument(
        "--checkpoint",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a signed checkpoint that was kept elsewhere: says whether the log still is what was signed; may be repeated",
    )
    _add_public_key(verify)
    rebuild = add(
        commands,
        "rebuild",
        "Write every table anew from the log. The station must not be running.",
        "safezone rebuild --data data/station",
    )
    add_data(rebuild, STATION_DATA)
    move = add(
        commands,
        "migrate-store",
        "Copy a station that is not running to another database, SQLite to PostgreSQL or back; all of it, verified, or nothing.",
        "safezone migrate-store --data data/station --to postgresql://safezone@db.example/safezone",
    )
    add_data(move, STATION_DATA)
    move.add_argument(
        "--to", required=True, metavar="URL", help="postgresql://user@host/name or sqlite:///file"
    )
