"""`safezone doctor`: looks at a data folder and at the station that runs in it, and says what to do. Changes nothing."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import socket
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec
from cryptography import x509
from sqlalchemy import Connection

from safezone import __version__
from safezone.core.checkup import check_ends, find_damage, list_parked, schema_of
from safezone.core.clock import SystemClock
from safezone.core.errors import SafezoneError
from safezone.core.i18n import Words
from safezone.core.settings import Settings, load_settings
from safezone.entrypoints.acme.folder import AcmeFolder, life_of
from safezone.entrypoints.acme.standing import standing_of
from safezone.entrypoints.alive import ANSWER_WITHIN_S, ask
from safezone.entrypoints.broker.leftovers import check_aside
from safezone.entrypoints.broker.setup import LEAST_FREE_BYTES
from safezone.entrypoints.house import MIGRATIONS, DataFolder
from safezone.entrypoints.node_checks import LITTLE_FREE_BYTES, check_backup
from safezone.entrypoints.safekeeping import Keeper, load_state

if TYPE_CHECKING:
    from safezone.entrypoints.cli.parsing import Wire

Verdict = Literal["ok", "look", "bad"]
LINES: Final = 500
"""Of the end of the log are checked; `safezone verify` checks all of it."""
EXPIRES_SOON: Final = timedelta(days=21)
_SIGNS: Final = {"ok": "✓", "look": "!", "bad": "✗"}


class Line(msgspec.Struct, frozen=True):
    """One check: `look` needs attention, `bad` means that the station does not do what it promises."""

    name: str
    verdict: Verdict
    words: Words


def run_doctor(args: argparse.Namespace, _wire: Wire) -> int:
    """`safezone doctor`: 0 all well, 3 something to look at, 1 something is bad."""
    lines = list(examine(DataFolder(args.data)))
    if args.json:
        sys.stdout.buffer.write(msgspec.json.encode(lines) + b"\n")
    else:
        for line in lines:
            print(f"{_SIGNS[line.verdict]} {line.name}: {line.words}")
    verdicts = {line.verdict for line in lines}
    return 1 if "bad" in verdicts else 3 if "look" in verdicts else 0


def examine(folder: DataFolder) -> Iterator[Line]:
    """Every check, one line each; what stands on another that failed is left out."""
    yield _line("version", "ok", f"safezone {__version__}, Python {platform.python_version()}")
    if not folder.path.is_dir():
        yield Line(
            "folder", "bad", Words(th=f"ไม่มีโฟลเดอร์ {folder.path}", en=f"There is no folder {folder.path}.")
        )
        return
    try:
        settings = load_settings(folder.settings_file)
    except SafezoneError as problem:
        words = getattr(problem, "words", None)
        yield Line("settings", "bad", words or Words(th=str(problem), en=str(problem)))
        return
    yield Line("settings", "ok", Words(th="อ่านไฟล์ตั้งค่าได้", en="The settings can be read."))
    yield _permissions(folder)
    yield _disk(folder)
    yield from _database(folder, settings)
    yield _backup(folder, settings)
    yield _broker_files(folder)
    yield from _certificates(settings)
    if settings.acme.is_on:
        yield _acme(AcmeFolder(folder.acme))
    yield from _running(folder)


def _line(name: str, verdict: Verdict, both: str) -> Line:
    return Line(name, verdict, Words(th=both, en=both))


def _permissions(folder: DataFolder) -> Line:
    """Secrets are for the station's own user alone."""
    left = folder.path / "sos-point-secrets.csv"
    secrets = [
        folder.path / "master.key",
        left,
        folder.broker / "broker.json",
        folder.run / "demo-secrets.json",
        folder.acme / "certificate.pem",
        folder.acme / "account.key",
    ]
    open_ones = [each.name for each in secrets if each.exists() and each.stat().st_mode & 0o077]
    if open_ones:
        names = ", ".join(open_ones)
        words = Words(th=f"ผู้อื่นอ่านได้: {names} — ใช้ chmod 600", en=f"Others can read {names}: chmod 600.")
        return Line("permissions", "bad", words)
    if not os.access(folder.path, os.W_OK):
        words = Words(th="ผู้ใช้นี้เขียนโฟลเดอร์ไม่ได้", en="This user cannot write in the folder.")
        return Line("permissions", "bad", words)
    if left.exists():
        words = Words(
            th=f"ยังมีรหัสของเสาใน {left.name}: ส่งให้ช่างแล้วลบ",
            en=f"The secrets of the poles are still in {left.name}: hand them over, then delete the file.",
        )
        return Line("permissions", "look", words)
    return Line("permissions", "ok", Words(th="สิทธิ์ของไฟล์ถูกต้อง", en="The files are for this user alone."))


def _disk(folder: DataFolder) -> Line:
    free = shutil.disk_usage(folder.path).free
    verdict: Verdict = "bad" if free < LEAST_FREE_BYTES else "look" if free < LITTLE_FREE_BYTES else "ok"
    page = "" if verdict == "ok" else " (disk-full.md)"
    words = Words(th=f"ดิสก์ว่าง {free >> 20} MiB{page}", en=f"{free >> 20} MiB of the disk are free{page}.")
    return Line("disk", verdict, words)


def _database(folder: DataFolder, settings: Settings) -> Iterator[Line]:
    if not settings.database_url and not folder.database_file.exists():
        words = Words(th="ยังไม่มีสถานีในโฟลเดอร์นี้", en="There is no station in this folder yet.")
        yield Line("database", "look", words)
        return
    database = folder.database_as_it_is(settings)
    try:
        with database.read() as conn:
            yield _integrity(conn)
            yield _schema(conn)
            yield from _record(conn)
    except Exception as problem:
        words = Words(th=f"อ่านฐานข้อมูลไม่ได้: {problem}", en=f"The database cannot be read: {problem}")
        yield Line("database", "bad", words)
    finally:
        database.close()


def _integrity(conn: Connection) -> Line:
    damage = find_damage(conn)
    if damage is None:
        return Line("database", "ok", Words(th="ไฟล์ฐานข้อมูลสมบูรณ์", en="The database is whole."))
    words = Words(
        th=f"ไฟล์ฐานข้อมูลเสียหาย ({damage}): ทำตามคู่มือกู้คืน (backup.md)",
        en=f"The database file is damaged ({damage}): bring back a backup (backup.md).",
    )
    return Line("database", "bad", words)


def _schema(conn: Connection) -> Line:
    known = max(path.name.split("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
    found = schema_of(conn)
    if found == known:
        return _line("schema", "ok", known)
    newer = found is not None and found > known
    words = Words(
        th=f"โครงสร้างข้อมูล {found} รุ่นนี้รู้จัก {known}: "
        + ("ใช้โปรแกรมรุ่นใหม่ (upgrade.md)" if newer else "จะปรับเมื่อเริ่มโปรแกรม"),
        en=f"The tables are {found}, this version knows {known}: "
        + ("use the newer program (upgrade.md)." if newer else "they are changed when the program starts."),
    )
    return Line("schema", "bad" if newer else "look", words)


def _record(conn: Connection) -> Iterator[Line]:
    for end in check_ends(conn, LINES):
        if end.broken is not None:
            words = Words(th=f"บันทึกไม่ต่อเนื่อง: {end.broken}", en=f"The log does not hold: {end.broken}")
            yield Line("chain", "bad", words)
        else:
            words = Words(
                th=f"{end.station}: ท้ายบันทึก {end.checked} บรรทัดถูกต้อง ถึงบรรทัด {end.seq}",
                en=f"{end.station}: the last {end.checked} lines hold, up to line {end.seq}.",
            )
            yield Line("chain", "ok", words)
        if end.last_at is not None:
            yield _clock(datetime.now(UTC), end.last_at)
    if parked := list_parked(conn):
        names = ", ".join(parked)
        words = Words(
            th=f"หยุดรอช่าง: {names} (listener-parked.md)", en=f"Parked: {names} (listener-parked.md)."
        )
        yield Line("listeners", "look", words)
    else:
        yield Line("listeners", "ok", Words(th="ไม่มีงานต่อเนื่องที่หยุด", en="No listener is parked."))


def _clock(now: datetime, last: datetime) -> Line:
    if last - now > timedelta(minutes=1):
        words = Words(
            th=f"นาฬิกาเครื่องช้ากว่าบันทึก {last - now} (clock.md)",
            en=f"The clock is {last - now} behind the record (clock.md).",
        )
        return Line("clock", "bad", words)
    words = Words(th=f"นาฬิกา {now:%Y-%m-%d %H:%M:%S} UTC", en=f"The clock says {now:%Y-%m-%d %H:%M:%S} UTC.")
    return Line("clock", "ok", words)


def _backup(folder: DataFolder, settings: Settings) -> Line:
    clock, kept = SystemClock(), load_state(folder)
    found = check_backup(Keeper(folder, settings, clock), kept, clock).reason
    if found is not None:
        return Line("backup", "look", Words(th=f"{found.th} (backup.md)", en=f"{found.en} (backup.md)"))
    if kept.backup_ok is None:
        words = Words(th="ยังไม่เคยสำรองข้อมูล (backup.md)", en="There has never been a backup (backup.md).")
        return Line("backup", "look", words)
    drilled = f"{kept.drill_ok.at:%Y-%m-%d}" if kept.drill_ok else "–"
    words = Words(
        th=f"สำรองล่าสุด {kept.backup_ok.at:%Y-%m-%d %H:%M} UTC ซ้อมกู้คืน {drilled}",
        en=f"The last backup is of {kept.backup_ok.at:%Y-%m-%d %H:%M} UTC; the last drill: {drilled}.",
    )
    return Line("backup", "ok" if kept.drill_ok else "look", words)


def _broker_files(folder: DataFolder) -> Line:
    """Nothing of the broker's had to be set aside, or somebody has taken it away since."""
    found = check_aside(folder.broker)
    if found.reason is not None:
        return Line("broker_files", "look", found.reason)
    words = Words(th="ไม่มีไฟล์ของโบรกเกอร์ที่เสียหาย", en="None of the broker's files had to be set aside.")
    return Line("broker_files", "ok", words)


def _certificates(settings: Settings) -> Iterator[Line]:
    """Every certificate that a setting names."""
    for section in (settings.web, settings.broker, settings.acme):
        for field in section.__struct_fields__:
            named = getattr(section, field)
            if isinstance(named, str) and named and ("cert" in field or field.endswith("ca_file")):
                yield _certificate(field, Path(named))


def _certificate(name: str, path: Path) -> Line:
    try:
        ends = min(each.not_valid_after_utc for each in x509.load_pem_x509_certificates(path.read_bytes()))
    except (OSError, ValueError) as problem:
        words = Words(th=f"อ่าน {path} ไม่ได้: {problem}", en=f"{path} cannot be read: {problem}")
        return Line(name, "bad", words)
    left = ends - datetime.now(UTC)
    verdict: Verdict = "bad" if left < timedelta(0) else "look" if left < EXPIRES_SOON else "ok"
    words = Words(th=f"{path.name} หมดอายุ {ends:%Y-%m-%d}", en=f"{path.name} is valid until {ends:%Y-%m-%d}.")
    return Line(name, verdict, words)


def _acme(folder: AcmeFolder) -> Line:
    """The certificate that the program gets itself."""
    try:
        life = life_of(folder.certificate_file)
    except (OSError, ValueError):
        return Line(
            "acme", "look", Words(th="ยังไม่มีใบรับรอง: เริ่มสถานีก่อน", en="No certificate yet: safezone up.")
        )
    found = standing_of(life, datetime.now(UTC), folder.load())
    verdict: Verdict = {"ok": "ok", "degraded": "look"}.get(found.state, "bad")  # type: ignore[assignment]
    words = Words(
        th=f"ใบรับรองใช้ได้ถึง {life.ends_at:%Y-%m-%d}",
        en=f"The certificate is good until {life.ends_at:%Y-%m-%d}.",
    )
    return Line("acme", verdict, found.reason or words)


def _running(folder: DataFolder) -> Iterator[Line]:
    """The program as it answers from outside."""
    try:
        node: dict[str, Any] = json.loads((folder.run / "node.json").read_text("utf-8"))
    except (OSError, ValueError):
        words = Words(th="โปรแกรมไม่ได้ทำงาน: เริ่มด้วย safezone up", en="The station does not run: safezone up.")
        yield Line("program", "look", words)
        return
    said = ask(f"{node['url']}/readyz")
    if said is None:
        words = Words(
            th=f"{node['url']} ไม่ตอบ (no-presses.md)", en=f"{node['url']} does not answer (no-presses.md)."
        )
        yield Line("program", "bad", words)
    else:
        same = said["version"] == __version__
        words = Words(
            th=f"{node['url']} ตอบ รุ่น {said['version']}",
            en=f"{node['url']} answers, version {said['version']}.",
        )
        yield Line("program", "ok" if same else "look", words)
        for name, part in said["parts"].items():
            verdict: Verdict = {"ok": "ok", "degraded": "look"}.get(part["state"], "bad")  # type: ignore[assignment]
            reason = part["reason"] or {"th": "ปกติ", "en": "well"}
            yield Line(f"running.{name}", verdict, Words(th=reason["th"], en=reason["en"]))
    yield _port("mqtt", node["mqtt_host"], node["mqtt_port"])


def _port(name: str, host: str, port: int) -> Line:
    try:
        socket.create_connection((host, port), ANSWER_WITHIN_S).close()
    except OSError as problem:
        words = Words(
            th=f"{host}:{port} ไม่รับการเชื่อมต่อ ({problem}) (broker.md)",
            en=f"{host}:{port} takes no connection ({problem}) (broker.md).",
        )
        return Line(name, "bad", words)
    return Line(name, "ok", Words(th=f"{host}:{port} รับการเชื่อมต่อ", en=f"{host}:{port} takes connections."))
