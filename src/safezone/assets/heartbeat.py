"""What a device says to show that it is alive: `{"at": "2026-11-20T19:04:11+07:00", "battery_pct": 87}`.

Both fields are optional.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import msgspec

from safezone.assets.commands import RecordHeartbeat
from safezone.core.errors import Invalid
from safezone.core.i18n import Words

LONGEST: Final = 4096


class Heartbeat(msgspec.Struct, frozen=True):
    """A sign of life as the device says it; further fields of a device are let through."""

    at: datetime | None = None
    battery_pct: float | None = None


_decode: Final = msgspec.json.Decoder(Heartbeat).decode


def decode_heartbeat(asset_id: str, payload: bytes) -> RecordHeartbeat:
    """The command to give; an empty payload is a heartbeat too. Invalid says what is wrong with another."""
    if not payload.strip():
        return RecordHeartbeat(asset_id)
    try:
        said = _decode(payload[: LONGEST + 1])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise Invalid(
            "bad_heartbeat",
            Words(
                th=f"สัญญาณชีพจาก {asset_id} อ่านไม่ได้: {problem}",
                en=f"The heartbeat of {asset_id} cannot be read: {problem}",
            ),
        ) from None
    return RecordHeartbeat(asset_id, _utc_of(said.at), said.battery_pct)


def _utc_of(claimed_at: datetime | None) -> datetime | None:
    """The device's own time in UTC; None when its clock is so wrong that the calendar has no such day in UTC."""
    if claimed_at is None or claimed_at.tzinfo is None:
        return claimed_at and claimed_at.replace(tzinfo=UTC)
    try:
        return claimed_at.astimezone(UTC)
    except OverflowError:
        return None
