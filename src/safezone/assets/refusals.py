"""What can be wrong with a wish about the equipment, in the words a person reads."""

from __future__ import annotations

from collections.abc import Sequence

from safezone.assets.rules_lifecycle import STATES, STEPS
from safezone.core.errors import Conflict, Invalid, NotFound
from safezone.core.i18n import Words
from safezone.events.assets import Lifecycle


def no_asset(asset_id: str) -> NotFound:
    """There is no such asset, or none of theirs."""
    return NotFound("no_asset", Words(th=f"ไม่มีอุปกรณ์ “{asset_id}”", en=f"There is no asset “{asset_id}”."))


def no_such(what: Words, code: str) -> NotFound:
    """There is no such work order, loan, test or file."""
    return NotFound(code, Words(th=f"ไม่พบ{what.th}นี้", en=f"There is no such {what.en}."))


def taken(code: str) -> Conflict:
    """Another asset has this code."""
    return Conflict(
        "asset_exists",
        Words(
            th=f"มีรหัส “{code}” อยู่แล้ว: ไม่มีอะไรถูกบันทึก",
            en=f"The code “{code}” is taken: nothing was registered.",
        ),
        asset_id=code.lower(),
    )


def unknown_kind(kind: str) -> Invalid:
    """No file of `kinds` describes this."""
    return Invalid("unknown_kind", Words(th=f"ไม่รู้จักชนิดอุปกรณ์ “{kind}”", en=f"There is no kind “{kind}”."))


def no_site(site_id: str) -> Invalid:
    """Nothing of this kind can hang there."""
    return Invalid(
        "unknown_site",
        Words(
            th=f"ใช้จุดติดตั้ง “{site_id}” ไม่ได้: ไม่มี หรือชนิดนี้ไม่ติดที่จุด",
            en=f"The site “{site_id}” does not exist, or nothing of this kind hangs at one.",
        ),
    )


def no_owner(owner_id: str) -> Invalid:
    """Nobody by this id is in the register of owners."""
    return Invalid(
        "unknown_owner",
        Words(
            th=f"ไม่มีเจ้าของ “{owner_id}” ในทะเบียน: เพิ่มก่อน",
            en=f"There is no owner “{owner_id}”: enter them first.",
        ),
    )


def no_mou(mou_id: str) -> Invalid:
    """There is no such agreement with this owner."""
    return Invalid(
        "unknown_mou",
        Words(th=f"ไม่มีบันทึกข้อตกลง “{mou_id}” กับเจ้าของนี้", en=f"There is no MOU “{mou_id}” with this owner."),
    )


def lacks(code: str, missing: Sequence[Words]) -> Invalid:
    """It cannot be in service without these."""
    th, en = " และ".join(each.th for each in missing), " and ".join(each.en for each in missing)
    return Invalid(
        "not_ready_for_service",
        Words(th=f"{code} ยังใช้งานไม่ได้: ขาด{th}", en=f"{code} cannot be in service without {en}."),
    )


def lent_already(code: str) -> Conflict:
    """Somebody has it."""
    return Conflict(
        "lent_already",
        Words(th=f"{code} ถูกยืมอยู่: รับคืนก่อน", en=f"{code} is lent: take it back first."),
    )


def broken(code: str) -> Conflict:
    """It is known to be broken."""
    return Conflict(
        "broken",
        Words(
            th=f"{code} เสียอยู่ จึงให้ยืมไม่ได้: ซ่อมและตรวจรับงานซ่อมก่อน",
            en=f"{code} is broken, so it is not lent: have it mended, and the repair accepted.",
        ),
    )


def illegal_step(before: Lifecycle, after: Lifecycle) -> Conflict:
    """It does not go from here to there."""
    ways = STEPS[before]
    th = ", ".join(STATES[each].th for each in ways) or "ไม่มี (สิ้นสุดแล้ว)"
    en = ", ".join(STATES[each].en for each in ways) or "nothing, it is over"
    return Conflict(
        "illegal_step",
        Words(
            th=f"จาก “{STATES[before].th}” ไปเป็น “{STATES[after].th}” ไม่ได้ ไปได้: {th}",
            en=f"From “{STATES[before].en}” it cannot become “{STATES[after].en}”; what it can become: {en}.",
        ),
    )
