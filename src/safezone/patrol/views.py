"""What a screen is told about a patrol unit."""

from __future__ import annotations

from datetime import datetime

import msgspec

from safezone.core.i18n import Words
from safezone.events.patrol import UnitKind, UnitState


class Fix(msgspec.Struct, frozen=True, gc=False):
    """Where a unit was seen. `at` is the time that counts (server's time when its clock is wrong)."""

    lon: float
    lat: float
    at: datetime
    received_at: datetime
    accuracy_m: float | None = None
    speed_kmh: float | None = None
    heading_deg: float | None = None
    battery_pct: float | None = None


class UnitView(msgspec.Struct, frozen=True, kw_only=True):
    """A unit as it stands now; `fix` is None off duty, when nothing was heard, and for whoever may not see it."""

    id: str
    call_sign: str
    kind: UnitKind
    name: Words
    on_duty: bool
    duty_since_at: datetime | None
    duty_by: str | None
    state: UnitState
    state_reason: str | None
    incident_ids: list[str]
    fix: Fix | None
    synthetic: bool
    updated_seq: int


class UnitList(msgspec.Struct, frozen=True):
    """Every unit of the station."""

    items: list[UnitView]


class UnitBrief(msgspec.Struct, frozen=True):
    """As much of a unit as a dispatcher's decision needs."""

    unit_id: str
    call_sign: str
    on_duty: bool
    unavailable_because: str | None = None


class OnDuty(msgspec.Struct, frozen=True):
    """A unit on duty: what it is called and since when. Not where it is, nor who is in it."""

    call_sign: str
    kind: UnitKind
    state: UnitState
    since: datetime | None


class Duty(msgspec.Struct, frozen=True):
    """Who is on duty now, of how many units; demonstration units are left out."""

    of: int
    items: list[OnDuty]
