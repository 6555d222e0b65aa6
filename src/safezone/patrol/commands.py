"""What may be asked of the patrol units."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec

from safezone.core.i18n import Words
from safezone.core.identity import Role
from safezone.events.patrol import UnitKind
from safezone.patrol.rules import Claim

Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
Availability = Literal["available", "unavailable"]


class UnitEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One unit as a station set lists it."""

    unit_id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    call_sign: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    kind: UnitKind
    name: Words
    synthetic: bool = False


class RegisterUnits(msgspec.Struct, frozen=True):
    """These units belong to the station. What is listed already and unchanged is left alone; none is removed."""

    units: list[UnitEntry]


class SetDuty(msgspec.Struct, frozen=True):
    """Sign this unit on or off. Off while it is on an incident takes a supervisor and a reason."""

    unit_id: str
    on: bool
    reason: str | None = None


class SetUnitState(msgspec.Struct, frozen=True):
    """This unit can, or cannot, be sent."""

    unit_id: str
    state: Availability
    reason: str | None = None


TELLERS: Final[tuple[Role, ...]] = ("unit", "tracker")
"""Who says where a unit is: the unit itself, and its tracker, which may do nothing else."""


class RecordFixes(msgspec.Struct, frozen=True, gc=False):
    """Here I was: fixes of the unit that asks, or whose tracker asks, in the order in which its device has them."""

    unit_id: str
    claims: list[Claim]


class PurgePositions(msgspec.Struct, frozen=True):
    """Delete every kept position that is older than this many days."""

    keep_days: int
