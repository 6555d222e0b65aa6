"""Zip files from strangers: what is in them is counted and measured before and while it is unfolded."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Final

from safezone.core.i18n import Words
from safezone.zone.imports.reading import CannotReadError

MOST_ENTRIES: Final = 200
MOST_BYTES: Final = 256 * 1024 * 1024
"""All that is wanted of one archive, unfolded."""
MOST_RATIO: Final = 200
"""Real shapefiles shrink to a tenth; a bomb to a thousandth."""


def unfold(path: Path, wanted: tuple[str, ...]) -> dict[str, bytes]:
    """What is in the archive with one of these suffixes, by its name without folders; archives inside stay closed.

    CannotReadError when it is no zip, is damaged or locked, or would unfold to more than a station's map can need.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [each for each in archive.infolist() if not each.is_dir()]
            if len(entries) > MOST_ENTRIES:
                raise _bomb(f"{len(entries)} > {MOST_ENTRIES}")
            found: dict[str, bytes] = {}
            left = MOST_BYTES
            for each in entries:
                name = each.filename.replace("\\", "/").rsplit("/", 1)[-1]
                if name.startswith(".") or not name.lower().endswith(wanted):
                    continue
                content = _read(archive, each, left)
                left -= len(content)
                found[name] = content
            return found
    except CannotReadError:
        raise
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, ValueError) as problem:
        raise CannotReadError(
            Words(th=f"เปิดไฟล์ zip ไม่ได้: {problem}", en=f"The zip file cannot be opened: {problem}")
        ) from problem


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, left: int) -> bytes:
    """One entry; what its head says of its size is not believed."""
    if entry.flag_bits & 1:
        raise CannotReadError(
            Words(th="ไฟล์ zip มีรหัสผ่าน: บีบอัดใหม่โดยไม่ตั้งรหัส", en="The zip has a password: make it without.")
        )
    most = min(left, max(entry.compress_size, 4096) * MOST_RATIO)
    with archive.open(entry) as opened:
        content = opened.read(most + 1)
    if len(content) > most:
        raise _bomb(entry.filename[-60:])
    return content


def _bomb(why: str) -> CannotReadError:
    return CannotReadError(
        Words(
            th=f"ไฟล์ zip คลายแล้วใหญ่ผิดปกติ ({why}): ส่งเฉพาะแผนที่ของสถานี",
            en=f"The zip unfolds to far too much ({why}): send the station's own map only.",
        )
    )
