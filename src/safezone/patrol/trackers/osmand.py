"""Reads positions as OsmAnd and the Traccar Client send them: a web address with the position in it, or JSON.

Protocol: https://www.traccar.org/osmand/ . Speed in the address is in knots, in JSON in metres per second.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qs, quote

import msgspec

from safezone.core.db import from_us, to_us
from safezone.core.errors import Invalid
from safezone.core.i18n import Words
from safezone.patrol.rules import Claim, tidy

KMH_PER_KNOT: Final = 1.852
KMH_PER_MPS: Final = 3.6
_LAST_SECONDS: Final = 2**31 - 1
"""A number up to here counts seconds since 1970, a greater one milliseconds."""


class Message(msgspec.Struct, frozen=True):
    """What one message says: the identifier set in the app (here: the unit's token), and its fixes in order."""

    identifier: str
    claims: list[Claim]


def decode_query(query: str) -> Message:
    """The message in a query string or form body; Invalid when it has no identifier, no position, or nonsense."""
    try:
        fields = parse_qs(query, max_num_fields=100)
    except ValueError as broken:
        raise Invalid(
            "tracker_unreadable",
            Words(th="ข้อความจากเครื่องมีช่องข้อมูลมากเกินไป", en="The tracker's message has too many fields."),
        ) from broken
    identifier = _identifier(_first(fields, "id", "deviceid"))
    lon, lat = _place(fields)
    claim = Claim(
        lon,
        lat,
        _time_us(_first(fields, "timestamp")),
        accuracy_m=_side(_first(fields, "accuracy", "hacc")),
        speed_kmh=_times(_side(_first(fields, "speed")), KMH_PER_KNOT),
        heading_deg=_side(_first(fields, "bearing", "heading"), 360.0),
        battery_pct=_side(_first(fields, "batt"), 100.0),
    )
    return Message(identifier, [claim])


class _Coords(msgspec.Struct):
    longitude: float
    latitude: float
    accuracy: float | None = None
    speed: float | None = None
    heading: float | None = None


class _Battery(msgspec.Struct):
    level: float | None = None


class _Location(msgspec.Struct):
    coords: _Coords
    timestamp: str | None = None
    battery: _Battery | None = None


class _Body(msgspec.Struct):
    location: _Location | list[_Location] | None = None
    device_id: str | int | None = None


def without_identifier(query: bytes, body: bytes) -> bytes:
    """The raw message with its identifier struck out: here it is a token, and a token is nobody else's to read."""
    raw, identifier = body or query, find_identifier(query, body)
    return (
        raw.replace(quote(identifier).encode(), b"***").replace(identifier.encode(), b"***")
        if identifier
        else raw
    )


class _Sender(msgspec.Struct):
    device_id: str | int | None = None


_decode_body: Final = msgspec.json.Decoder(_Body).decode


def decode_json(body: bytes) -> Message:
    """The message of a Traccar Client from version 9 on; Invalid as for `decode_query`."""
    try:
        said = _decode_body(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as broken:
        raise Invalid(
            "tracker_unreadable",
            Words(
                th=f"อ่านข้อความจากเครื่องไม่ได้: {broken}", en=f"The tracker's message cannot be read: {broken}."
            ),
        ) from broken
    identifier = _identifier(None if said.device_id is None else str(said.device_id))
    found = said.location if isinstance(said.location, list) else [said.location] if said.location else []
    if not found:
        raise _no_position()
    return Message(identifier, [_claim(location) for location in found])


def decode(query: str, body: bytes) -> Message:
    """The message of one request, wherever this client put it: in the address, in a form, or as JSON."""
    if body[:1] in (b"{", b"["):
        return decode_json(body)
    return decode_query(query or body.decode("utf-8", "replace"))


def find_identifier(query: bytes, body: bytes) -> str | None:
    """The identifier in a message, however useless the rest of it is; None when there is none to be found."""
    try:
        if body[:1] in (b"{", b"["):
            device = msgspec.json.decode(body, type=_Sender).device_id
            return None if device is None else str(device)
        return _first(parse_qs((query or body).decode("utf-8", "replace")), "id", "deviceid")
    except (msgspec.DecodeError, RecursionError, ValueError):  # UnicodeDecodeError is a ValueError
        return None


def _claim(location: _Location) -> Claim:
    coords = location.coords
    level = location.battery.level if location.battery else None
    return Claim(
        coords.longitude,
        coords.latitude,
        _time_us(location.timestamp),
        accuracy_m=tidy(coords.accuracy),
        # −1 is this client's way of saying "not known".
        speed_kmh=_times(tidy(coords.speed), KMH_PER_MPS),
        heading_deg=tidy(coords.heading, 360.0),
        battery_pct=tidy(None if level is None else level * 100, 100.0),
    )


def _first(fields: Mapping[str, Sequence[str]], *names: str) -> str | None:
    return next((fields[name][0] for name in names if name in fields), None)


def _identifier(value: str | None) -> str:
    if not value:
        raise Invalid(
            "tracker_without_id",
            Words(
                th="ข้อความจากเครื่องไม่มีรหัส (id): ใส่รหัสประจำสายตรวจในช่อง Device identifier ของแอป",
                en="The message has no identifier (id): put the unit's token into the app's device identifier.",
            ),
        )
    return value


def _place(fields: Mapping[str, Sequence[str]]) -> tuple[float, float]:
    lat, lon = _first(fields, "lat"), _first(fields, "lon")
    if lat is None or lon is None:
        lat, _, lon = (_first(fields, "location") or "").partition(",")
    if not lat or not lon:
        raise _no_position()
    return _number("lon", lon), _number("lat", lat)


def _no_position() -> Invalid:
    return Invalid(
        "tracker_without_position",
        Words(
            th="ข้อความจากเครื่องไม่มีตำแหน่ง (lat, lon): เปิด GPS ของเครื่อง",
            en="The message holds no position (lat, lon): switch the device's GPS on.",
        ),
    )


def _number(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise Invalid(
            "tracker_unreadable",
            Words(th=f"ค่า {name} ไม่ใช่ตัวเลข: {text[:40]!r}", en=f"{name} is not a number: {text[:40]!r}."),
        )
    return value


def _time_us(text: str | None) -> int | None:
    """Microseconds since 1970 of seconds, milliseconds, ISO 8601 or `2014-06-04 09:10:11` (UTC); None: not said."""
    if text is None:
        return None
    try:
        if text.isascii() and text.lstrip("-").isdigit():
            number = int(text)
            at_us = number * (1_000_000 if number <= _LAST_SECONDS else 1_000)
            from_us(at_us)  # raises beyond the year 9999: such a number is not a time
            return at_us
        at = datetime.fromisoformat(text)
        return to_us(at if at.tzinfo else at.replace(tzinfo=UTC))
    except (ValueError, OverflowError) as broken:
        raise Invalid(
            "tracker_unreadable",
            Words(th=f"เวลาที่เครื่องส่งมาอ่านไม่ได้: {text[:40]!r}", en=f"The time cannot be read: {text[:40]!r}."),
        ) from broken


def _side(text: str | None, most: float = math.inf) -> float | None:
    """A side value as a number; one that makes no sense is left out rather than losing the position for it."""
    try:
        return None if text is None else tidy(float(text), most)
    except ValueError:
        return None


def _times(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor
