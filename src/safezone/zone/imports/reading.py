"""What every format gives: features with their coordinates as the file has them, and what is wrong with it."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, Final, Literal, NamedTuple, Protocol, cast

from safezone.core.errors import SafezoneError
from safezone.core.i18n import Words
from safezone.zone.findings import Findings

MOST_FEATURES: Final = 200_000
MOST_CORNERS: Final = 4_000_000
"""Of one file: buildings of a whole province have some tens of thousands."""

Sort = Literal["area", "line", "point"]


class Feature(NamedTuple):
    """One thing of a file. `number` counts as the file does; an area is polygons of rings, a line positions, a point one."""

    number: int
    sort: Sort
    shape: Any
    properties: dict[str, Any]


class Read(NamedTuple):
    """What a file holds; `crs` is what it says of itself (an authority's code or WKT), None when it says nothing."""

    features: list[Feature]
    crs: str | None
    encoding: str
    parts: list[str]


class CannotReadError(SafezoneError):
    """The file cannot be read at all; `words` say why and what to do."""

    def __init__(self, words: Words) -> None:
        super().__init__(str(words))
        self.words = words


class Format(Protocol):
    """What each file of this folder has that reads a format."""

    NAME: str
    SUFFIXES: tuple[str, ...]

    def read(self, path: Path, findings: Findings) -> Read:
        """Everything in the file; CannotReadError when it is not of this format."""


def formats() -> dict[str, Format]:
    """The formats that can be read, by their suffix: every module of this folder that has SUFFIXES."""
    package = __name__.rpartition(".")[0]
    folder = str(Path(__file__).parent)
    found: dict[str, Format] = {}
    for each in iter_modules([folder]):
        if each.name.startswith("from_"):
            module = cast("Format", import_module(f"{package}.{each.name}"))
            found |= dict.fromkeys(module.SUFFIXES, module)
    return found


class Corners:
    """Counts corners, so that a file with ten million of them is refused before it fills the memory."""

    def __init__(self) -> None:
        self._left = MOST_CORNERS

    def take(self, count: int) -> None:
        """So many more; CannotReadError when it is too much."""
        self._left -= count
        if self._left < 0:
            raise too_much("corners", MOST_CORNERS)


def too_much(what: Literal["corners", "features"], limit: int) -> CannotReadError:
    """The refusal of a file that holds more than is taken at once."""
    th = {"corners": "มุม", "features": "รูป"}[what]
    return CannotReadError(
        Words(
            th=f"ไฟล์มี{th}เกิน {limit:,}: ตัดให้เหลือเฉพาะพื้นที่ของสถานี หรือลดรายละเอียด (simplify)",
            en=f"The file has more than {limit:,} {what}: cut it to the station's area, or simplify it.",
        )
    )


def not_of(name: str, why: object) -> CannotReadError:
    """The refusal of a file that is not what its name says."""
    return CannotReadError(Words(th=f"อ่านเป็น {name} ไม่ได้: {why}", en=f"It cannot be read as {name}: {why}"))
