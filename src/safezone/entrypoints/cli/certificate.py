"""`safezone certificate`: what certificate is shown, until when, and what came of getting it; or that it be got now."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from safezone.core.durable import write_durably
from safezone.core.errors import CannotStart
from safezone.core.i18n import Words
from safezone.core.settings import load_settings
from safezone.entrypoints.acme.folder import AcmeFolder, life_of
from safezone.entrypoints.acme.standing import standing_of

if TYPE_CHECKING:
    from safezone.entrypoints.cli.parsing import Wire


def run_certificate(args: argparse.Namespace, _wire: Wire) -> int:
    """0 all well, 3 something to look at, 1 no certificate, or none that is good; 78 for settings that cannot be read."""
    try:
        settings = load_settings(args.data / "safezone.toml")
    except CannotStart as problem:
        print(f"safezone: {problem.words}")
        return 78
    folder = AcmeFolder(args.data / "acme")
    if args.renew:
        return _wish(folder) if settings.acme.is_on else _say(_NOT_OURS)
    file = folder.certificate_file if settings.acme.is_on else Path(settings.web.tls_certificate_file)
    if not (settings.acme.is_on or settings.web.tls_certificate_file):
        return _say(_NONE)
    try:
        life = life_of(file)
    except (OSError, ValueError) as problem:
        return _say(Words(th=f"อ่าน {file} ไม่ได้: {problem}", en=f"{file} cannot be read: {problem}"))
    kept = folder.load() if settings.acme.is_on else None
    found = standing_of(life, datetime.now(UTC), kept)
    print(
        f"{', '.join(sorted(life.names)) or file.name}: {life.begins_at:%Y-%m-%d} – {life.ends_at:%Y-%m-%d %H:%M} UTC"
    )
    if kept is not None:
        when = "now" if kept.next_at is None else f"{kept.next_at:%Y-%m-%d %H:%M} UTC"
        print(f"{settings.acme.directory_url}: ครั้งต่อไป / next {when}")
    print(found.reason or Words(th="ปกติ", en="well"))
    return {"ok": 0, "degraded": 3}.get(found.state, 1)


def _wish(folder: AcmeFolder) -> int:
    if not folder.path.is_dir():
        return _say(_NOT_RUNNING)
    write_durably(folder.wish_file, b"")
    print(_WILL_BE)
    return 0


def _say(words: Words) -> int:
    print(f"safezone: {words}")
    return 1


_NONE = Words(
    th="สถานีนี้ไม่มีใบรับรอง: ตั้ง [acme] หรือ [web] tls_certificate_file (tls.md)",
    en="This station has no certificate: set [acme] or [web] tls_certificate_file (tls.md).",
)
_NOT_OURS = Words(
    th="ใบรับรองนี้โปรแกรมอื่นเป็นผู้ต่ออายุ: ไม่ได้ตั้ง [acme] domains",
    en="Another program renews this certificate: [acme] domains is not set.",
)
_NOT_RUNNING = Words(th="เริ่มสถานีก่อน: safezone up", en="Start the station first: safezone up.")
_WILL_BE = Words(
    th="จะขอใบรับรองใหม่ภายในไม่กี่วินาทีหากสถานีทำงานอยู่ ดูผลด้วย safezone certificate (ผู้ออกใบรับรองจำกัดจำนวนครั้ง)",
    en="A new one is asked for within seconds if the station runs; see what comes of it with `safezone certificate` "
    "(authorities count how often).",
)
