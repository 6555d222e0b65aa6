"""How the certificate is that is shown now: for /readyz, `safezone doctor` and the metrics, whoever renews it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from safezone.core.i18n import Words
from safezone.entrypoints.acme.folder import Kept
from safezone.entrypoints.acme.rules import Life, is_soon
from safezone.entrypoints.health import Figure, Finding

PATIENCE: Final = timedelta(minutes=10)
"""An order that is under way takes no longer."""
_DAY_S: Final = 86_400


def standing_of(life: Life, now: datetime, kept: Kept | None, unused: Words | None = None) -> Finding:
    """`kept`: what is known of getting it, where the program does so itself; `unused`: why a newer one is not shown."""
    left = life.ends_at - now
    figures: dict[str, Figure] = {
        "days_left": round(left.total_seconds() / _DAY_S, 2),
        "ends_at": life.ends_at.isoformat(timespec="seconds"),
    }
    why = None if kept is None else _why(kept, now)
    if kept is not None:
        figures |= {
            "failures": kept.tried.failures,
            "next_try_at": None if kept.next_at is None else kept.next_at.isoformat(timespec="seconds"),
        }
    if left < timedelta(0):
        return Finding("down", _ended(life, why), figures)
    if unused is not None:
        return Finding("degraded", unused, figures)
    if kept is not None and life.is_self_made:
        return Finding("degraded", _self_made(why), figures)
    if why is not None:
        return Finding("degraded", _not_renewed(life, why), figures)
    if is_soon(life, now):
        return Finding("degraded", _ends_soon(life), figures)
    return Finding(figures=figures)


def _why(kept: Kept, now: datetime) -> Words | None:
    """Why the last attempt came to nothing; None where it did not, or is under way."""
    tried = kept.tried
    if not tried.failures:
        return None
    is_old = tried.at is not None and now - tried.at > PATIENCE
    return kept.why or (_BROKEN_OFF if is_old else None)


def _ended(life: Life, why: Words | None) -> Words:
    th, en = (why.th, why.en) if why else ("ต่ออายุใบรับรอง", "renew it")
    return Words(
        th=f"ใบรับรองหมดอายุแล้วเมื่อ {life.ends_at:%Y-%m-%d %H:%M} UTC เบราว์เซอร์และเสาอาจไม่ยอมเชื่อมต่อ (certificate.md): {th}",
        en=f"The certificate ended on {life.ends_at:%Y-%m-%d %H:%M} UTC: browsers and poles may refuse it "
        f"(certificate.md): {en}",
    )


def _self_made(why: Words | None) -> Words:
    th, en = (why.th, why.en) if why else ("กำลังขออยู่", "it is being asked for")
    return Words(
        th=f"ใช้ใบรับรองที่ทำเองชั่วคราว เบราว์เซอร์จะเตือน จนกว่าจะได้ใบรับรองจริง: {th}",
        en=f"A self-made certificate is shown, of which browsers warn, until the authority has given one: {en}",
    )


def _not_renewed(life: Life, why: Words) -> Words:
    return Words(
        th=f"ต่ออายุใบรับรองไม่สำเร็จ ใบเดิมใช้ได้ถึง {life.ends_at:%Y-%m-%d} (certificate.md): {why.th}",
        en=f"The certificate could not be renewed; it is good until {life.ends_at:%Y-%m-%d} (certificate.md): {why.en}",
    )


def _ends_soon(life: Life) -> Words:
    return Words(
        th=f"ใบรับรองจะหมดอายุ {life.ends_at:%Y-%m-%d %H:%M} UTC: ต่ออายุ (certificate.md)",
        en=f"The certificate ends on {life.ends_at:%Y-%m-%d %H:%M} UTC: renew it (certificate.md).",
    )


_BROKEN_OFF: Final = Words(th="การขอใบรับรองถูกขัดจังหวะกลางคัน", en="the last order was broken off.")
