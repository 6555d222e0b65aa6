"""Files of map tiles (PMTiles) that the station serves itself, a range of bytes at a time: no map server is needed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from safezone.core.errors import NotFound, Refused
from safezone.core.i18n import Words

STEP: Final = 256 * 1024
MOST_AT_ONCE: Final = 16 * 1024 * 1024
"""Of one range; who asks for more gets the beginning of it, as HTTP allows. A tile has some ten kilobytes."""
_RANGE: Final = re.compile(r"bytes=(?:(\d{1,15})-(\d{0,15})|-(\d{1,15}))")


class NoSuchRange(Refused):
    """Bytes were asked for that are not in the file."""

    status = 416


class Part(msgspec.Struct, frozen=True):
    """From the first to the last byte of what is answered, both included; `whole` when nobody asked for a part."""

    first: int
    last: int
    whole: bool

    @property
    def length(self) -> int:
        """How many bytes these are."""
        return self.last - self.first + 1


class MapFile(msgspec.Struct, frozen=True):
    """A file of tiles as it is now; `tag` changes with its content."""

    path: Path
    size: int
    tag: str

    @classmethod
    def at(cls, path: Path) -> MapFile:
        """NotFound, in words that name the file, when it cannot be read or is no PMTiles of version 3."""
        try:
            with path.open("rb") as file:
                begins = file.read(8)
            found = path.stat()
        except OSError as problem:
            raise _missing(path, problem.strerror or "") from problem
        if begins != b"PMTiles\x03":
            raise _missing(path, "PMTiles 3?")
        return cls(path, found.st_size, f'"{found.st_size:x}-{found.st_mtime_ns:x}"')

    def part(self, asked: str, if_range: str = "") -> Part:
        """What a Range header asks for (RFC 9110); the whole file where it asks for nothing, or for several parts."""
        found = _RANGE.fullmatch(asked.strip())
        if found is None or (if_range and if_range != self.tag):
            return Part(0, self.size - 1, whole=True)
        begin, end, last = found.groups()
        if last is not None:
            first, upto = max(0, self.size - int(last)), self.size - 1
            possible = int(last) > 0
        else:
            first = int(begin)
            upto = min(int(end) if end else self.size - 1, self.size - 1)
            if end and int(end) < first:
                return Part(0, self.size - 1, whole=True)  # not a range at all
            possible = first < self.size
        if not possible:
            words = Words(th="ไฟล์แผนที่สั้นกว่านั้น", en="The map's file is shorter than that.")
            raise NoSuchRange("no_such_range", words, size=self.size)
        return Part(first, min(upto, first + MOST_AT_ONCE - 1), whole=False)

    def read(self, part: Part) -> Iterator[bytes]:
        """The bytes of a part, a step at a time."""
        with self.path.open("rb") as file:
            file.seek(part.first)
            left = part.length
            while left > 0 and (step := file.read(min(STEP, left))):
                left -= len(step)
                yield step


def _missing(path: Path, why: str) -> NotFound:
    return NotFound(
        "no_map_file",
        Words(
            th=f"อ่านไฟล์แผนที่ {path.name} ไม่ได้ ({why}): ตรวจ [map] pmtiles_file ใน safezone.toml",
            en=f"The map file {path.name} cannot be read ({why}): look at [map] pmtiles_file in safezone.toml.",
        ),
    )
