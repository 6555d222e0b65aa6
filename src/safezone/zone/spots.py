"""A place as people write it into a table: degrees in any notation, both numbers in one cell, or the address of a map."""

from __future__ import annotations

import math
import re
from typing import Final, Literal
from urllib.parse import unquote

from safezone.events.zone import Position
from safezone.zone.rules import is_in_thailand

MOST_TEXT: Final = 600
"""Of one cell: the longest address of a map is half of that."""
Axis = Literal["lon", "lat"]
THAI_DIGITS: Final = str.maketrans("๐๑๒๓๔๕๖๗๘๙", "0123456789")
_SIDES: Final[dict[str, tuple[Axis, int]]] = {
    "n": ("lat", 1), "s": ("lat", -1), "e": ("lon", 1), "w": ("lon", -1),
    "เหนือ": ("lat", 1), "ใต้": ("lat", -1), "ตะวันออก": ("lon", 1), "ตะวันตก": ("lon", -1),
}  # fmt: skip
_SIDE: Final = rf"({'|'.join(_SIDES)})"
_PLAIN: Final = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d{1,3})?")
_THOUSANDS: Final = re.compile(r"[+-]?\d{1,3}(?:[, ]\d{3})+(?:\.\d+)?")
_COMMA: Final = re.compile(r"([+-]?\d+),(\d+)")
_DEGREES: Final = re.compile(
    r"(?P<d>[+-]?\d{1,3}(?:[.,]\d+)?)(?:\s*(?:[°º˚]|องศา|deg)\s*|[\s:]+(?=\d))"
    r"(?:(?P<m>\d{1,2}(?:[.,]\d+)?)(?:\s*(?:['’′‵]|ลิปดา|min)(?!')\s*|[\s:]+(?=\d)|$)"
    r"(?:(?P<s>\d{1,2}(?:[.,]\d+)?)\s*(?:[\"”″]|''|’’|′′|พิลิปดา|ฟิลิปดา|sec)?)?)?"
)
_TWO_SIDES: Final = (
    re.compile(rf"(?P<a>.*?\d.*?{_SIDE})[\s,;/]*(?P<b>[^\s,;/].*)"),
    re.compile(rf"(?P<a>{_SIDE}.*?\d.*?)[\s,;/]*(?P<b>{_SIDE}.*)"),
)
_NUMBER: Final = r"(-?\d{1,3}(?:\.\d+)?)"
_IN_ADDRESS: Final = tuple(
    re.compile(pattern)
    for pattern in (
        rf"!3d{_NUMBER}!4d{_NUMBER}",  # the pin itself, before where the screen happened to be
        rf"[?&](?:q|query|ll|sll|center|destination|daddr)=(?:loc:)?{_NUMBER},[+\s]*{_NUMBER}",
        rf"/(?:place|search|dir)/{_NUMBER},[+\s]*{_NUMBER}",
        rf"@{_NUMBER},{_NUMBER}",
    )
)
_SHORT: Final = re.compile(r"goo\.gl/|maps\.app/|bit\.ly/|tinyurl\.com/", re.IGNORECASE)


def number_of(text: str) -> float | None:
    """A number with Thai digits, thousands apart, or a comma for a point; or degrees, minutes and seconds. None when none."""
    found = _degrees(text)
    return None if found is None else found[0]


def pair_of(text: str) -> Position | None:
    """Longitude and latitude (or east and north in metres) out of one cell or the address of a map; None when it is none."""
    bare = text[:MOST_TEXT].translate(THAI_DIGITS).strip().strip("()[]").strip()
    if "://" in bare or bare.lower().startswith(("www.", "maps.", "goo.gl")):
        return _in_address(unquote(bare))
    for first, second in _halves(bare):
        one, two = _degrees(first), _degrees(second)
        if one is not None and two is not None:
            return _in_order(one, two)
    return None


def is_short_address(text: str) -> bool:
    """Whether it is an address that names no place before the internet was asked."""
    return _SHORT.search(text) is not None and pair_of(text) is None


def _in_address(address: str) -> Position | None:
    for pattern in _IN_ADDRESS:
        if found := pattern.search(address):
            return float(found[2]), float(found[1])
    return None


def _halves(text: str) -> list[tuple[str, str]]:
    """The two halves of a pair, as each way of parting them has it."""
    halves = [(found["a"], found["b"]) for each in _TWO_SIDES if (found := each.fullmatch(text.casefold()))]
    for separator in (r"[;/|\n]+", r",\s+", r",", r"\s+"):
        parts = re.split(separator, text.strip())
        if len(parts) == 2:
            halves.append((parts[0], parts[1]))
    return halves


def _degrees(text: str) -> tuple[float, Axis | None] | None:
    bare = " ".join(text[:MOST_TEXT].translate(THAI_DIGITS).replace("−", "-").casefold().split()).strip(" ,")
    axis, sign = None, 1
    for side, (of, way) in _SIDES.items():
        if bare.endswith(side) or bare.startswith(side):
            bare, axis, sign = bare.removesuffix(side).removeprefix(side).strip(" ."), of, way
            break
    value = _number(bare)
    if value is None and (found := _DEGREES.fullmatch(bare)):
        whole, minutes, seconds = (
            float((part or "0").replace(",", ".")) for part in found.group("d", "m", "s")
        )
        if minutes >= 60 or seconds >= 60:
            return None
        value = math.copysign(abs(whole) + minutes / 60 + seconds / 3600, whole)
    return None if value is None else (sign * value, axis)


def _number(bare: str) -> float | None:
    if _PLAIN.fullmatch(bare):
        value = float(bare)
        return value if math.isfinite(value) else None
    comma = _COMMA.fullmatch(bare)
    # One comma alone: 104,725 are degrees with a comma for a point; 470,123 can only be metres.
    if comma and abs(float(f"{comma[1]}.{comma[2]}")) <= 180:
        return float(f"{comma[1]}.{comma[2]}")
    if _THOUSANDS.fullmatch(bare):
        return float(bare.replace(",", "").replace(" ", ""))
    return None


def _in_order(one: tuple[float, Axis | None], two: tuple[float, Axis | None]) -> Position | None:
    """Longitude first: as the letters say, else as it lies in Thailand, else latitude first as maps write it."""
    (first, first_is), (second, second_is) = one, two
    if first_is is not None and first_is == second_is:
        return None
    if first_is == "lat" or second_is == "lon":
        return second, first
    if first_is == "lon" or second_is == "lat" or is_in_thailand(first, second):
        return first, second
    return (first, second) if abs(first) > 180 else (second, first)
