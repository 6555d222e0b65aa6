"""What was done to keep the equipment well: looked at, tried from end to end, mended, lent and brought back."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from safezone.core.event import Event, Sealed
from safezone.core.geo import Point

Severity = Literal["down", "watch"]
"""`down`: the thing cannot be used until it is mended; `watch`: it can, and somebody must come."""
OrderStep = Literal["assigned", "started", "done", "accepted", "rejected", "cancelled"]
TestResult = Literal["passed", "failed", "real", "stopped"]
"""`real`: the press was somebody who needed help, so it says nothing about a test; `stopped`: by who began it."""


class AssetChecked(Event, frozen=True, kw_only=True, tag="asset_checked"):
    """Somebody (or a program) has looked at a thing or at its picture."""

    subject_field = "asset_id"
    asset_id: str
    ok: bool
    note: Sealed | None = None


class WorkOrderOpened(Event, frozen=True, kw_only=True, tag="work_order_opened"):
    """Something is to be mended."""

    subject_field = "asset_id"
    asset_id: str
    order_id: str
    number: int
    severity: Severity
    text: Sealed
    due_on: date | None = None
    test_id: str | None = None
    """The test from end to end that failed."""


class WorkOrderStepped(Event, frozen=True, kw_only=True, tag="work_order_stepped"):
    """A work order has come further. `fixer` is who is to mend it, or says that it is done."""

    subject_field = "asset_id"
    asset_id: str
    order_id: str
    step: OrderStep
    fixer: str | None = None
    note: Sealed | None = None


class AssetLent(Event, frozen=True, kw_only=True, tag="asset_lent"):
    """A thing was handed to somebody for a time."""

    subject_field = "asset_id"
    asset_id: str
    loan_id: str
    borrower: Sealed
    until_day: date
    condition: Sealed | None = None
    point: Point | None = None


class AssetReturned(Event, frozen=True, kw_only=True, tag="asset_returned"):
    """It is back."""

    subject_field = "asset_id"
    asset_id: str
    loan_id: str
    ok: bool
    condition: Sealed | None = None


class PoleTestStarted(Event, frozen=True, kw_only=True, tag="pole_test_started"):
    """A technician is about to press a pole to try it from end to end; a press until then is taken for the test's."""

    subject_field = "asset_id"
    asset_id: str
    test_id: str
    until_at: datetime


class PoleTestPressed(Event, frozen=True, kw_only=True, tag="pole_test_pressed"):
    """A press came by the real road while the test was open; whether it is the test's is for the operator to say."""

    subject_field = "asset_id"
    asset_id: str
    test_id: str
    incident_id: str
    pressed_at: datetime


class PoleTestSeen(Event, frozen=True, kw_only=True, tag="pole_test_seen"):
    """An operator has acknowledged the incident of the test's press: it was seen and heard."""

    subject_field = "asset_id"
    asset_id: str
    test_id: str
    seen_at: datetime


class PoleTestDecided(Event, frozen=True, kw_only=True, tag="pole_test_decided"):
    """The incident of the test's press was closed with this outcome: `drill` says that it was the test."""

    subject_field = "asset_id"
    asset_id: str
    test_id: str
    outcome: str


class PoleTestLamp(Event, frozen=True, kw_only=True, tag="pole_test_lamp"):
    """The technician says whether the pole's lamp lit or its receipt was shown."""

    subject_field = "asset_id"
    asset_id: str
    test_id: str
    lit: bool


class PoleTestEnded(Event, frozen=True, kw_only=True, tag="pole_test_ended"):
    """The test is over; `why` is a word for the reason where it has not passed."""

    subject_field = "asset_id"
    asset_id: str
    test_id: str
    result: TestResult
    why: str | None = None


class AssetFileAdded(Event, frozen=True, kw_only=True, tag="asset_file_added"):
    """A picture or document of an asset, its name and content sealed."""

    subject_field = "asset_id"
    asset_id: str
    file_id: str
    media_type: str
    size: int
    name: Sealed
    content: Sealed


class AssetFileRemoved(Event, frozen=True, kw_only=True, tag="asset_file_removed"):
    """It is not shown any more."""

    subject_field = "asset_id"
    asset_id: str
    file_id: str
