"""SOS points: what a pole sends when its button is pressed, and what it is told when the press is on disk.

Press: `safezone/<station>/sos/<point>/press` with `{"n": 7, "at": "2026-11-20T19:04:11+07:00", "kind": "sos"}`.
Receipt: `…/receipt` with `{"n": 7, "status": "stored", "incident_id": "…", "at": "2026-11-20T19:04:11+07:00"}`. The pole
repeats its press, with the same `n` and `at`, until it has its receipt. `at` is what the press said, as it said it: a
pole that was switched off counts from 1 again, and an old receipt must not light its lamp.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, NamedTuple

import msgspec

from safezone.core.errors import Invalid
from safezone.core.i18n import Words
from safezone.incidents.commands import ReportEmergency
from safezone.incidents.rules import claim_in_utc, press_dedupe_key
from safezone.incidents.views import Receipt


class Press(msgspec.Struct, frozen=True):
    """A press as the pole says it: its own counter, and its own clock, which may be wrong or make no sense at all."""

    n: Annotated[int, msgspec.Meta(ge=0, le=2**53)]
    at: Any = None
    kind: Literal["sos"] = "sos"


class PressReceipt(msgspec.Struct, frozen=True, omit_defaults=True):
    """What goes back to the pole: its lamp may say that the police have it."""

    n: int
    status: Literal["stored"]
    incident_id: str
    at: Any = None


class Decoded(NamedTuple):
    """What the pole said, the command to give, and what an administrator should hear about the pole (or None)."""

    press: Press
    command: ReportEmergency
    complaint: Words | None


_decode = msgspec.json.Decoder(Press).decode
_encode = msgspec.json.Encoder().encode
LONGEST = 4096


def decode(station: str, point: str, payload: bytes, received_at: datetime) -> Decoded:
    """What a payload says; Invalid says what is wrong with it. A press whose time cannot be read is a press all the same."""
    if len(payload) > LONGEST:
        raise _bad(point, f"{len(payload)} bytes, at most {LONGEST}")
    try:
        press = _decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise _bad(point, str(problem)) from None
    claimed_at, complaint = _claim_of(point, press.at)
    command = ReportEmergency(
        dedupe_key=press_dedupe_key(station, point, press.n, claimed_at, received_at),
        channel="sos_point",
        about=press.kind,
        sos_point=point,
        claimed_at=claimed_at,
    )
    return Decoded(press, command, complaint)


def encode_receipt(press: Press, receipt: Receipt) -> bytes:
    """The payload of the receipt for this press."""
    return _encode(PressReceipt(press.n, "stored", receipt.incident_id, press.at))


def _claim_of(point: str, said: Any) -> tuple[datetime | None, Words | None]:
    """The time a pole claims, and a complaint where it is no time."""
    if said is None:
        return None, None
    try:
        return claim_in_utc(msgspec.convert(said, datetime)), None
    except msgspec.ValidationError as problem:
        shown = repr(said)[:60]
        return None, Words(
            th=f"รับแจ้งจากเสา {point} แล้ว แต่อ่านเวลา {shown} ไม่ได้ ({problem}): ใช้เวลาของเซิร์ฟเวอร์",
            en=f"The press of SOS point {point} was taken, but its time {shown} cannot be read ({problem}): "
            "the server's time counts.",
        )


def _bad(point: str, why: str) -> Invalid:
    return Invalid(
        "bad_press",
        Words(
            th=f'ข้อความจากเสา {point} อ่านไม่ได้: {why} — ต้องเป็น {{"n": เลขนับ, "at": เวลา ISO 8601, "kind": "sos"}}',
            en=f'The message of SOS point {point} cannot be read: {why}. It must be {{"n": count, "at": ISO 8601 time, '
            '"kind": "sos"}.',
        ),
        point=point,
    )
