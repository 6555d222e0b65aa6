"""Who may take a work order further, when it is overdue, and what a test from end to end has shown."""

from __future__ import annotations

import unicodedata
from datetime import date
from typing import Final, Literal

from safezone.core.i18n import Words
from safezone.events.upkeep import OrderStep, TestResult

OrderState = Literal["open", "assigned", "started", "done", "accepted", "cancelled"]

ORDER_STEPS: Final[dict[OrderState, tuple[OrderStep, ...]]] = {
    "open": ("assigned", "started", "cancelled"),
    "assigned": ("assigned", "started", "done", "cancelled"),
    "started": ("assigned", "done", "cancelled"),
    "done": ("accepted", "rejected"),
    "accepted": (),
    "cancelled": (),
}
"""What may be done next. What is said to be done is accepted or rejected, and then it cannot be called off any more."""


def may_take(state: OrderState, step: OrderStep) -> bool:
    """Whether this can be done with a work order in this state."""
    return step in ORDER_STEPS[state]


def same_person(one: str | None, other: str | None) -> bool:
    """Whether two names may be one person's: an actor (`technician:somchai`) and a name alike, in whatever writing."""
    return one is not None and other is not None and _bare(one) == _bare(other)


def _bare(name: str) -> str:
    name = unicodedata.normalize("NFKC", name).rpartition(":")[2]
    return "".join(name.split()).casefold()


def may_accept(actor: str, fixer: str | None, fixed_by: str | None) -> bool:
    """Whoever fixed a thing, or was to fix it, never accepts the repair himself."""
    return not same_person(actor, fixer) and not same_person(actor, fixed_by)


def is_overdue(until_day: date | None, today: date) -> bool:
    """Whether a day that was promised is over."""
    return until_day is not None and today > until_day


def result_of(
    *, pressed: bool, seen: bool, lamp_lit: bool | None, outcome: str | None
) -> tuple[TestResult, str | None] | None:
    """What a test has shown when the incident of its press was closed with `outcome`; None: not yet to be said.

    Passed takes all of it: the press came by the real road, an operator acknowledged it and closed it as a drill, and
    the technician saw the lamp. Any other outcome says that somebody needed help: no test, and nothing is counted.
    """
    if outcome is not None and outcome != "drill":
        return "real", outcome
    if lamp_lit is False:
        return "failed", "no_lamp"
    if outcome is None or lamp_lit is None or not pressed:
        return None
    return ("passed", None) if seen else ("failed", "not_seen")


WHY: Final[dict[str, Words]] = {
    "no_press": Words(th="กดแล้วศูนย์ฯ ไม่ได้รับภายในเวลา", en="the press did not reach the centre in time"),
    "no_lamp": Words(th="ไฟที่เสาไม่ติด / ไม่มีใบตอบรับ", en="the pole's lamp did not light: no receipt"),
    "not_seen": Words(th="ไม่มีใครรับทราบที่ศูนย์ฯ", en="nobody at the centre acknowledged it"),
}
"""Why a test has failed, as a person reads it."""
