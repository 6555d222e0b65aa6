"""The command line: what each command is called, what it takes, and an example of it."""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

from safezone import __version__
from safezone.entrypoints.cli.options import DEMO_DATA, STATION_DATA, Commands, add, add_data
from safezone.entrypoints.cli.record import add_checkpoint, add_record
from safezone.entrypoints.cli.words import add_account

if TYPE_CHECKING:
    from safezone.core.settings import Settings
    from safezone.entrypoints.house import House

    Wire = Callable[[Settings], House]

MOST_WEB: Final = 16
PARTS: Final = ("doors", "jobs", *(f"web-{number}" for number in range(1, MOST_WEB + 1)))
ROLES: Final = (
    "operator", "supervisor", "admin", "auditor", "chief", "commander", "technician", "cctv_owner", "partner",
    "unit", "sos_point",
)  # fmt: skip
"""Not taken from `Role`: the supervisor of the processes reads this file too, and stays small without the rest."""


def run(argv: Sequence[str], wire: Wire) -> int:
    """Carry out one command line; returns the exit status (0 well, 1 not, 2 not understood, 78 cannot start)."""
    parser = build_parser()
    args = parser.parse_args(argv)
    if args.command == "node":
        # What is loaded at the start stays, so looking for rubbish in it takes an eighth of the start for nothing; the
        # node begins to look once it is ready.
        gc.disable()
    # Each command lives in a file of its own, loaded when it is called: `safezone up` must stay small.
    module, function = _COMMANDS[args.command]
    status: int = getattr(import_module(f"safezone.entrypoints.{module}"), function)(args, wire)
    return status


_COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "up": ("up", "run_up"),
    "demo": ("up", "run_demo"),
    "node": ("cli.commands", "run_node"),
    "simulate": ("demo.simulate", "run_simulate"),
    "press": ("demo.press", "run_press"),
    "alive": ("alive", "run_alive"),
    "doctor": ("doctor", "run_doctor"),
    "certificate": ("cli.certificate", "run_certificate"),
    "verify": ("cli.commands", "run_verify"),
    "rebuild": ("cli.commands", "run_rebuild"),
    "migrate-store": ("cli.migrate", "run_migrate_store"),
    "backup": ("cli.safekeeping", "run_backup"),
    "backup-key": ("cli.safekeeping", "run_backup_key"),
    "rotate-master-key": ("cli.safekeeping", "run_rotate"),
    "restore": ("cli.restore", "run_restore"),
    "restore-drill": ("cli.restore", "run_drill"),
    "station": ("cli.commands", "run_station"),
    "credential": ("cli.commands", "run_credential"),
    "checkpoint": ("cli.checkpoint", "run_checkpoint"),
    "account": ("cli.account", "run_account"),
    "access": ("cli.access", "run_access"),
    "map": ("cli.map", "run_map"),
}


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = argparse.ArgumentParser(
        prog="safezone",
        description="Safe Zone (เซฟโซน): a station's Smart Safety Zone, from one SOS press to the closed incident.",
        epilog="example: safezone demo",
    )
    parser.add_argument("--version", action="version", version=f"safezone {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_running(commands)
    _add_demo(commands)
    add_record(commands)
    add_checkpoint(commands)
    _add_safekeeping(commands)
    _add_station(commands)
    _add_map(commands)
    return parser


def _add_ports(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--port", type=int, metavar="N", help="port of the web face and the API (default 8700)"
    )
    parser.add_argument(
        "--mqtt-port", type=int, metavar="N", help="port of the embedded broker (default 1883)"
    )
    parser.add_argument(
        "--ready-file", type=Path, metavar="PATH", help="write a JSON file once everything answers"
    )


def _add_processes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--separate",
        action="store_true",
        help="doors, jobs and web as processes of their own; any of them may end and is started again",
    )
    parser.add_argument(
        "--web-processes",
        type=int,
        choices=range(1, MOST_WEB + 1),
        default=2,
        metavar="N",
        help=f"with --separate: how many processes serve HTTP and screens (1 to {MOST_WEB}, default 2)",
    )


def _add_running(commands: Commands[argparse.ArgumentParser]) -> None:
    up = add(
        commands,
        "up",
        "Run a station: start it and keep every process of it running.",
        "safezone up --set my-station",
    )
    add_data(up, STATION_DATA)
    up.add_argument(
        "--set",
        type=Path,
        metavar="FOLDER",
        dest="station_set",
        help="station set for an empty data folder; without one a station is founded in the browser",
    )
    _add_ports(up)
    _add_processes(up)
    node = add(
        commands,
        "node",
        "Run only the program itself, without the broker and without supervision (`up` does this for you).",
        "safezone node --data data/station",
    )
    add_data(node, STATION_DATA)
    node.add_argument(
        "--set", type=Path, metavar="FOLDER", dest="station_set", help="station set for an empty data folder"
    )
    node.add_argument(
        "--demo", action="store_true", help="create the demonstration station in an empty data folder"
    )
    _add_ports(node)
    node.add_argument(
        "--part", choices=PARTS, default="", help="be only this part of a station (`up --separate`)"
    )
    node.add_argument(
        "--beside", nargs="*", default=[], metavar="PART", help="the other parts of the station"
    )
    node.add_argument(
        "--web-fd", type=int, metavar="N", help="number of a listening socket that is handed over"
    )


def _add_scenario(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--scenario", choices=("evening",), help="play a scripted three minutes")
    parser.add_argument(
        "--speed",
        type=_speed,
        default=1.0,
        metavar="X",
        help="patrols and scenario this many times as fast (default 1)",
    )


def _speed(text: str) -> float:
    """How many times as fast; argparse says so when it is not a number above 0 and up to 100."""
    value = float(text)
    if not 0 < value <= 100:
        raise argparse.ArgumentTypeError(f"{text}: more than 0 and at most 100")
    return value


def _add_demo(commands: Commands[argparse.ArgumentParser]) -> None:
    demo = add(
        commands,
        "demo",
        "Run the demonstration station (Mukdahan, synthetic) with simulated poles and patrols, and print its link.",
        "safezone demo --scenario evening",
    )
    add_data(demo, DEMO_DATA)
    _add_ports(demo)
    _add_processes(demo)
    _add_scenario(demo)
    demo.add_argument("--no-simulation", action="store_true", help="no simulated poles and patrols")
    simulate = add(
        commands,
        "simulate",
        "Play the poles and patrols of a running demonstration through its public doors (`demo` does this for you).",
        "safezone simulate --scenario evening",
    )
    add_data(simulate, DEMO_DATA)
    _add_scenario(simulate)
    press = add(
        commands,
        "press",
        "Press an SOS point of a running demonstration and wait for its receipt.",
        "safezone press sos-03",
    )
    press.add_argument("point", metavar="POINT", help="the SOS point, such as sos-03")
    add_data(press, DEMO_DATA)
    press.add_argument("--times", type=int, default=1, metavar="N", help="press so many times (default 1)")


def _add_safekeeping(commands: Commands[argparse.ArgumentParser]) -> None:
    backup = add(
        commands,
        "backup",
        "Write an encrypted backup of a station, which may be running, to a folder or an S3-compatible store.",
        "safezone backup --to /media/backup --recipient age1…",
    )
    add_data(backup, STATION_DATA)
    backup.add_argument(
        "--to", metavar="DEST", help="a folder, or s3://bucket/prefix (default: [backup] to in safezone.toml)"
    )
    backup.add_argument(
        "--recipient",
        action="append",
        metavar="AGE1",
        help="for whom it is sealed; may be given several times (default: [backup] recipients)",
    )
    key = add(
        commands, "backup-key", "Make a key pair for backups.", "safezone backup-key new --out backup.key"
    )
    does = key.add_subparsers(dest="what", required=True, metavar="WHAT")
    new = add(
        does,
        "new",
        "Write a new identity, which opens backups, into a file, and print its recipient, which seals them.",
        "safezone backup-key new --out backup.key",
    )
    new.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="the file; it must not be there yet"
    )
    _add_restoring(commands)


def _add_restoring(commands: Commands[argparse.ArgumentParser]) -> None:
    rotated = add(
        commands,
        "rotate-master-key",
        "Make a new master key, wrap the key of every sealed record with it and forget the old one. It may be run again.",
        "safezone rotate-master-key --data data/station",
    )
    add_data(rotated, STATION_DATA)
    restore = add(
        commands,
        "restore",
        "Bring a backup back into an empty folder, if wanted as it was at an earlier moment, and verify it.",
        "safezone restore --from /media/backup --identity backup.key --data data/restored",
    )
    restore.add_argument(
        "--from", dest="source", required=True, metavar="PLACE", help="a folder, or s3://bucket/prefix"
    )
    restore.add_argument("--identity", type=Path, required=True, metavar="FILE", help="the key that opens it")
    restore.add_argument(
        "--data", type=Path, required=True, metavar="NEW", help="an empty folder, or one to be made"
    )
    restore.add_argument("--name", metavar="NAME", help="which backup (default: the newest)")
    restore.add_argument(
        "--until",
        type=_until,
        metavar="SEQ|TIME",
        help="the last line of the log that stays, or a moment such as 2026-11-20T19:00+07:00",
    )
    restore.add_argument(
        "--master-key",
        type=Path,
        metavar="FILE",
        help="the master key, for a backup that was made without it",
    )
    restore.add_argument(
        "--settings", type=Path, metavar="FILE", help="a safezone.toml that says how to reach the S3 store"
    )
    drill = add(
        commands,
        "restore-drill",
        "Restore the newest backup into a scratch folder, verify it and note down whether it worked.",
        "safezone restore-drill --identity drill.key",
    )
    add_data(drill, STATION_DATA)
    drill.add_argument("--from", dest="source", metavar="PLACE", help="where it lies (default: [backup] to)")
    drill.add_argument(
        "--identity", type=Path, metavar="FILE", help="the key (default: [backup] drill_identity_file)"
    )


def _until(text: str) -> int | datetime:
    """A line of the log or an aware time; argparse says so when it is neither."""
    if text.isdigit():
        return int(text)
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text}: with its zone, such as +07:00")
    return at


def _add_station(commands: Commands[argparse.ArgumentParser]) -> None:
    access = add(
        commands,
        "access",
        "Show who came in, who was refused, and who looked at what.",
        "safezone access --actor operator:ccoc-1",
    )
    add_data(access, STATION_DATA)
    access.add_argument("--limit", type=int, default=100, metavar="N", help="so many lines (default 100)")
    access.add_argument(
        "--actor", default="", metavar="WHO", help="of this actor alone, such as operator:ccoc-1"
    )
    access.add_argument("--about", default="", metavar="ID", help="about this incident, photo or unit alone")
    station = add(
        commands,
        "station",
        "Check a station set, or write an example of one.",
        "safezone station check my-station",
    )
    does = station.add_subparsers(dest="what", required=True, metavar="WHAT")
    check = add(
        does, "check", "Say everything that is wrong with a station set.", "safezone station check my-station"
    )
    check.add_argument("folder", type=Path, metavar="FOLDER")
    example = add(
        does,
        "example",
        "Write the demonstration's set as a beginning for your own.",
        "safezone station example my-station",
    )
    example.add_argument("folder", type=Path, metavar="FOLDER")

    credential = add(
        commands,
        "credential",
        "Give out, list or revoke tokens and device secrets of a station that is not running.",
        "safezone credential issue --role operator --name ccoc-1",
    )
    does = credential.add_subparsers(dest="what", required=True, metavar="WHAT")
    issue = add(
        does,
        "issue",
        "Give out a token, shown this once.",
        "safezone credential issue --role operator --name ccoc-1",
    )
    issue.add_argument("--role", choices=ROLES, required=True)
    issue.add_argument("--name", required=True, help="duty name, unit id or SOS point id")
    issue.add_argument("--partner", metavar="ID", help="whose they are: cctv_owner and partner only")
    issue.add_argument("--link", action="store_true", help="a link that works once, instead of a token")
    issue.add_argument(
        "--exports", action="store_true", help="a machine's token that may take lists out by itself"
    )
    add_data(issue, STATION_DATA)
    listed = add(does, "list", "Every credential, without its secret.", "safezone credential list")
    add_data(listed, STATION_DATA)
    revoke = add(
        does, "revoke", "Let nobody in with it any more.", "safezone credential revoke 0190… --reason lost"
    )
    revoke.add_argument("credential_id", metavar="ID")
    revoke.add_argument("--reason", required=True)
    add_data(revoke, STATION_DATA)

    add_account(commands, ROLES)


def _add_map(commands: Commands[argparse.ArgumentParser]) -> None:
    maps = add(commands, "map", "Import the ground under the zone.", "safezone map import mukdahan.osm.pbf")
    does = maps.add_subparsers(dest="what", required=True, metavar="WHAT")
    imported = add(
        does,
        "import",
        "Read what is drawn under the zone and the road times of an OpenStreetMap extract; or buildings of a file.",
        "safezone map import mukdahan.osm.pbf --data data/station",
    )
    imported.add_argument(
        "extract",
        type=Path,
        metavar="FILE",
        help="OpenStreetMap extract, or GeoJSON, zip or KML of buildings",
    )
    imported.add_argument(
        "--crs", metavar="CODE", help="coordinate system of a file that names none, such as EPSG:32648"
    )
    add_data(imported, STATION_DATA)


def say(words: object) -> None:
    """One line for whoever typed the command."""
    print(f"safezone: {words}", file=sys.stderr)
