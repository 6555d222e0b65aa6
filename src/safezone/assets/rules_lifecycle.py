"""How far a thing may come at a time, and what it takes to be in service."""

from __future__ import annotations

from typing import Final

from safezone.core.i18n import Words
from safezone.events.assets import Lifecycle

STEPS: Final[dict[Lifecycle, tuple[Lifecycle, ...]]] = {
    "proposed": ("approved", "retired"),
    "approved": ("procured", "installed", "proposed", "retired"),
    "procured": ("installed", "approved", "retired"),
    "installed": ("in_service", "procured", "retired"),
    "in_service": ("installed", "retired"),
    "retired": (),
}
"""From each state where a thing may go: one step on, one back when it was said too early, or to its end.

What is borrowed is never bought, so that approved leads to installed as well. What is retired stays retired: a thing
that comes back is registered anew, and the history of the old one stays as it was.
"""

STATES: Final[dict[Lifecycle, Words]] = {
    "proposed": Words(th="เสนอ", en="proposed"),
    "approved": Words(th="อนุมัติแล้ว", en="approved"),
    "procured": Words(th="จัดซื้อแล้ว", en="procured"),
    "installed": Words(th="ติดตั้งแล้ว", en="installed"),
    "in_service": Words(th="ใช้งาน", en="in service"),
    "retired": Words(th="ปลดระวาง", en="retired"),
}


def may_step(before: Lifecycle, after: Lifecycle) -> bool:
    """Whether a person may say this of it next."""
    return after in STEPS[before]


def may_reach(before: Lifecycle, after: Lifecycle) -> bool:
    """Whether a list may say this of it: any number of steps on, or to its end, since lists come late; never back."""
    order = list(STEPS)
    return before != "retired" and order.index(after) >= order.index(before)


def lacks_for_service(*, has_place: bool, has_owner: bool) -> list[Words]:
    """What is missing before it can be in service; empty when nothing is."""
    lacks = []
    if not has_place:
        lacks.append(Words(th="ตำแหน่งที่ตั้ง", en="a place"))
    if not has_owner:
        lacks.append(Words(th="เจ้าของ", en="an owner"))
    return lacks
