"""What is decided about an incident, and why: pure, so that every decision can be tried a thousand times."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from safezone.core.settings import Limits, Priorities
from safezone.events.incidents import IncidentKind, Stage
from safezone.incidents.commands import AssignmentStep

STEP_ORDER: Final[dict[str, int]] = {
    "assigned": 0,
    "accepted": 1,
    "en_route": 2,
    "on_scene": 3,
    "cleared": 4,
    "refused": 4,
}
ACTIVE_STEPS: Final = frozenset({"assigned", "accepted", "en_route", "on_scene"})
CLOCK_TOLERANCE: Final = timedelta(minutes=5)
"""A device whose clock is off by more than this is not believed about when it was pressed."""

REPEAT_WITHOUT_TIME: Final = timedelta(minutes=10)
"""How long a press without a time of its own counts as a repetition of the same number."""


class Assignment(msgspec.Struct, frozen=True):
    """How far one unit is with one incident; `arrived` stays true after it has left."""

    unit_id: str
    step: str
    arrived: bool = False


def priority_of(about: IncidentKind, priorities: Priorities) -> int:
    """The priority with which a report of this kind begins (1 is the most urgent); a person may change it with a reason."""
    priority: int = getattr(priorities, about)
    return priority


def claim_is_trusted(claimed_at: datetime | None, at: datetime) -> bool:
    """Whether the time a device claims is near enough to the server's to be shown without a warning."""
    return claimed_at is None or abs(claimed_at - at) <= CLOCK_TOLERANCE


def claim_in_utc(claimed_at: datetime | None) -> datetime | None:
    """A claimed time in UTC; without an offset it is taken as UTC, and in the year 1 or 9999 its offset is left away."""
    if claimed_at is None:
        return None
    try:
        return claimed_at.astimezone(UTC) if claimed_at.tzinfo else claimed_at.replace(tzinfo=UTC)
    except OverflowError:
        # A clock that makes no sense must not cost anybody the press.
        return claimed_at.replace(tzinfo=UTC)


def press_dedupe_key(
    station: str, point: str, number: int, claimed_at: datetime | None, received_at: datetime
) -> str:
    """What makes two messages the same press.

    A pole that was switched off counts from 1 again, so its number alone is not enough: the time it claims
    belongs to the key. A press without a time is the same one only within the same ten minutes.
    """
    if claimed_at is not None:
        return f"press:{station}:{point}:{number}:{claimed_at.isoformat()}"
    window = int(received_at.timestamp() // REPEAT_WITHOUT_TIME.total_seconds())
    return f"press:{station}:{point}:{number}:~{window}"


def is_twin_press(last_report_at: datetime, at: datetime, limits: Limits) -> bool:
    """Whether a press of the same point belongs to the incident whose last report came at `last_report_at`.

    A last report that seems to come from later than now (the server's clock was set back) counts by its distance too:
    otherwise everything pressed in the hour that is lived twice would be one incident.
    """
    return abs(at - last_report_at) <= timedelta(seconds=limits.twin_window_s)


def stage_of(current: Stage, assignments: Iterable[Assignment]) -> Stage:
    """The stage of an open incident whose units stand as given: the farthest that an active unit has come.

    Once a unit was on scene the incident stays there until a person closes it; when every unit has refused or
    left before arriving, it is back with the operator.
    """
    if current in ("reported", "closed"):
        return current
    listed = list(assignments)
    active = {a.step for a in listed if a.step in ACTIVE_STEPS}
    if "on_scene" in active or any(a.arrived for a in listed):
        return "on_scene"
    if "en_route" in active:
        return "en_route"
    return "dispatched" if active else "acknowledged"


def next_step(current: str, wanted: AssignmentStep) -> AssignmentStep | None:
    """The step to record; None when the unit is there already. ValueError when it would go back."""
    if wanted == current:
        return None
    if current in ("cleared", "refused"):
        raise ValueError(current)
    if wanted == "refused" and current == "on_scene":
        raise ValueError(current)
    if STEP_ORDER[wanted] <= STEP_ORDER[current]:
        raise ValueError(current)
    return wanted


def busy_elsewhere(
    wanted: Sequence[str], busy: dict[str, list[str]], incident_id: str
) -> dict[str, list[str]]:
    """Those of the wanted units that are on other incidents now, and on which."""
    found = {unit: [other for other in busy.get(unit, []) if other != incident_id] for unit in wanted}
    return {unit: others for unit, others in found.items() if others}


def limit_of(stage: Stage, limits: Limits) -> int | None:
    """How long (seconds) an incident may stay in a stage; None where there is no limit."""
    by_stage: dict[Stage, int] = {
        "reported": limits.acknowledge_limit_s,
        "acknowledged": limits.dispatch_limit_s,
        "dispatched": limits.accept_limit_s,
        "en_route": limits.arrive_limit_s,
    }
    return by_stage.get(stage)


def name_of(year: int, number: int) -> str:
    """What people call an incident: Buddhist-era year and running number, such as `2569/000012`."""
    return f"{year}/{number:06d}"
