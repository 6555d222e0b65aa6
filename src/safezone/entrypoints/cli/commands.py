"""The commands of the command line that work on a station's folder."""

from __future__ import annotations

import argparse
import csv
import shutil
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from safezone.assets.station_set import read_station_set
from safezone.core import rebuild
from safezone.core.auth import IssueCredential, Issued, RevokeCredential, installer
from safezone.core.credential_list import list_credentials
from safezone.core.db import Database
from safezone.core.errors import CannotStart, Refused
from safezone.core.i18n import Words
from safezone.core.settings import Settings
from safezone.entrypoints.audit.witness import Witness
from safezone.entrypoints.cli.at_rest import engine_at_rest
from safezone.entrypoints.cli.checkpoint import RESULTS, verify_file
from safezone.entrypoints.cli.parsing import say
from safezone.entrypoints.house import DataFolder, Engine, House, open_folder
from safezone.entrypoints.node_process import DEMO_SET, NodeOptions
from safezone.entrypoints.node_process import run_node as serve
from safezone.zone.findings import StationSetRefused

if TYPE_CHECKING:
    Wire = Callable[[Settings], House]


def run_node(args: argparse.Namespace, wire: Wire) -> int:
    """`safezone node`."""
    options = NodeOptions(
        data=args.data,
        station_set=args.station_set,
        demo=args.demo,
        port=args.port,
        mqtt_port=args.mqtt_port,
        part=args.part,
        beside=tuple(args.beside),
        web_fd=args.web_fd,
    )
    return serve(options, wire)


def run_verify(args: argparse.Namespace, wire: Wire) -> int:
    """`safezone verify`: 0 when every station's log and tables are in order."""
    try:
        folder, settings = open_folder(args.data)
        house = wire(settings)
        database = folder.open_database(settings)
        verdicts = rebuild.verify(database, house.bus, _progress)
        witnessed = _ask_witnesses(args, folder, settings, database, [one.station for one in verdicts])
        database.close()
    except CannotStart as problem:
        say(problem.words)
        return 78
    if args.json:
        sys.stdout.buffer.write(msgspec.json.encode(verdicts) + b"\n")
    else:
        for verdict in verdicts:
            print_verdict(verdict)
    return 0 if witnessed and all(verdict.content for verdict in verdicts) else 1


def _ask_witnesses(
    args: argparse.Namespace, folder: DataFolder, settings: Settings, database: Database, stations: list[str]
) -> bool:
    """Whether the log still is what was signed: by the station's own checkpoints, and by those that were handed in."""
    agrees = True
    with database.read() as conn:
        for station in stations:
            witness = Witness(folder, settings, station)
            wrong = [each for each in witness.compare(conn) if not each.agrees]
            for each in wrong:
                print(f"{station}: {each.name}: {RESULTS[each.result]}", file=sys.stderr)
            agrees = agrees and not wrong
        for file in args.checkpoint:
            found = verify_file(file, args.public_key, Witness(folder, settings, stations[0]), conn)
            agrees = agrees and found == 0
    return agrees


def print_verdict(verdict: rebuild.Verdict) -> None:
    """What a verification found, for whoever typed the command."""
    counted = (
        f"{verdict.events} events, {verdict.rows} rows in {verdict.tables} tables, {verdict.seconds:.1f} s"
    )
    if verdict.content:
        print(f"{verdict.station}: ถูกต้องครบถ้วน / in order — {counted}")
        return
    print(f"{verdict.station}: พบความผิดปกติ / NOT in order — {counted}")
    if verdict.broken:
        print(f"  chain: {verdict.broken}")
    for difference in verdict.differences:
        print(f"  {difference.table} [{difference.key}]")
        print(f"    table: {difference.in_table}")
        print(f"    log:   {difference.by_log}")


def run_rebuild(args: argparse.Namespace, wire: Wire) -> int:
    """`safezone rebuild`: 0 when every table was written anew."""
    try:
        folder, settings = open_folder(args.data)
        folder.lock()
        database = folder.open_database(settings)
        done = rebuild.rebuild(database, wire(settings).bus, _progress)
        database.close()
    except CannotStart as problem:
        say(problem.words)
        return 78
    for station, events in done.items():
        print(f"{station}: สร้างตารางใหม่จาก {events} เหตุการณ์ / rebuilt from {events} events")
    return 0


def _progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{done:,} / {total:,}", end="" if done < total else "\n", file=sys.stderr, flush=True)


def run_station(args: argparse.Namespace, _wire: Wire) -> int:
    """`safezone station check|example`."""
    if args.what == "example":
        try:
            shutil.copytree(DEMO_SET, args.folder)
        except OSError as problem:
            words = Words(
                th=f"เขียน {args.folder} ไม่ได้: {problem.strerror}",
                en=f"Cannot write {args.folder}: {problem.strerror}",
            )
            say(words)
            return 1
        print(
            f"{args.folder}: แก้ไขเป็นของสถานีคุณ แล้วใช้ safezone station check / edit it, then run safezone station check"
        )
        return 0
    try:
        read = read_station_set(args.folder)
    except StationSetRefused as problem:
        for finding in problem.problems:
            say(finding)
        return 1
    for notice in read.notices:
        say(notice)
    print(
        f"{read.zone.station_id}: {len(read.assets.sos_points)} SOS points, {len(read.assets.sites)} camera sites, "
        f"{len(read.assets.cameras)} cameras, {len(read.units)} units — พร้อมใช้ / ready to use"
    )
    return 0


def run_credential(args: argparse.Namespace, wire: Wire) -> int:
    """`safezone credential issue|list|revoke`, for a station that is not running."""
    try:
        with engine_at_rest(args.data, wire) as engine:
            return _credential(args, engine)
    except CannotStart as problem:
        say(problem.words)
        return 78
    except Refused as problem:
        say(problem.words)
        return 1


def _credential(args: argparse.Namespace, engine: Engine) -> int:
    who = installer(engine.desk.station)
    if args.what == "revoke":
        engine.lane.submit(RevokeCredential(args.credential_id, args.reason), who).result()
        print(f"{args.credential_id}: ยกเลิกแล้ว / revoked")
        return 0
    if args.what == "list":
        writer = csv.writer(sys.stdout)
        writer.writerow(["id", "sort", "role", "name", "state", "exports"])
        with engine.desk.database.read() as conn:
            writer.writerows(
                [c.id, c.sort, c.role, c.name, c.state, "yes" if c.exports else ""]
                for c in list_credentials(conn, who.station, engine.clock.now())
            )
        return 0
    is_device = args.role == "sos_point"
    ask = IssueCredential(
        sort="device" if is_device else "one_time_link" if args.link else "token",
        role=args.role,
        name=args.name,
        unit_id=args.name if args.role == "unit" else None,
        point_id=args.name if is_device else None,
        partner_id=args.partner,
        exports=args.exports,
    )
    issued: Issued = engine.lane.submit(ask, who).result()
    print(f"/enter#token={issued.secret}" if args.link else issued.secret)
    return 0
