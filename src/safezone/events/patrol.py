"""What has happened to the patrol units: who they are, when they were on duty and what they were doing."""

from __future__ import annotations

from typing import ClassVar, Final, Literal

import msgspec

from safezone.core.event import Event, Sealed
from safezone.core.i18n import Words

UnitKind = Literal["car", "motorcycle", "foot"]
UnitState = Literal["off_duty", "available", "assigned", "en_route", "on_scene", "unavailable"]
WorkState = Literal["assigned", "en_route", "on_scene"]
"""How far a unit has come with one incident; an accepted assignment is still `assigned`."""

UNIT_KINDS: Final[tuple[UnitKind, ...]] = ("car", "motorcycle", "foot")


class Work(msgspec.Struct, frozen=True):
    """One incident that a unit is on, and how far it has come with it."""

    incident_id: str
    state: WorkState


class UnitRegistered(Event, frozen=True, kw_only=True, tag="unit_registered"):
    """A patrol unit belongs to the station, or its call sign, kind or name was corrected."""

    subject_field: ClassVar[str] = "unit_id"

    unit_id: str
    call_sign: str
    unit_kind: UnitKind
    name: Words
    synthetic: bool = False


class UnitSignedOn(Event, frozen=True, kw_only=True, tag="unit_signed_on"):
    """The unit is on duty from now on; its positions may be kept. Who did it is the actor of the entry."""

    subject_field: ClassVar[str] = "unit_id"

    unit_id: str
    reason: Sealed | None = None


class UnitSignedOff(Event, frozen=True, kw_only=True, tag="unit_signed_off"):
    """The unit is off duty; from now on nothing about where it is may be kept or shown."""

    subject_field: ClassVar[str] = "unit_id"

    unit_id: str
    reason: Sealed | None = None


class UnitAvailabilityChanged(Event, frozen=True, kw_only=True, tag="unit_availability_changed"):
    """The unit said that it cannot be sent, or that it can again; `state` is what it is doing now."""

    subject_field: ClassVar[str] = "unit_id"

    unit_id: str
    unavailable: bool
    state: UnitState
    reason: Sealed | None = None


class UnitStateChanged(Event, frozen=True, kw_only=True, tag="unit_state_changed"):
    """The incidents have made something else of the unit: its state, and every incident that it is on now."""

    subject_field: ClassVar[str] = "unit_id"

    unit_id: str
    state: UnitState
    work: list[Work] = msgspec.field(default_factory=list)
