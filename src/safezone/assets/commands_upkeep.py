"""What may be asked of those who keep the equipment well."""

from __future__ import annotations

from datetime import date
from typing import Literal

import msgspec

from safezone.core.geo import Point
from safezone.events.upkeep import OrderStep, Severity

EquipmentClass = Literal["repair", "loan", "equipment_paper", "equipment_note"]
"""What is erased in its own time: texts of repairs, who borrowed a thing, papers, and other notes and reasons."""


class CheckAsset(msgspec.Struct, frozen=True):
    """Somebody has looked: it works, or it does not."""

    asset_id: str
    ok: bool
    note: str | None = None


class OpenWorkOrder(msgspec.Struct, frozen=True):
    """This is to be mended."""

    asset_id: str
    severity: Severity
    text: str
    due_on: date | None = None


class StepWorkOrder(msgspec.Struct, frozen=True):
    """A work order goes one step on. `fixer` names who is to mend it; a note says what was found or done."""

    order_id: str
    step: OrderStep
    fixer: str | None = None
    note: str | None = None


class LendAsset(msgspec.Struct, frozen=True):
    """Hand something that moves to somebody until a day."""

    asset_id: str
    borrower: str
    until_day: date
    condition: str | None = None
    place: Point | None = None


class ReturnAsset(msgspec.Struct, frozen=True):
    """It is back; a broken one gets a work order of its own."""

    asset_id: str
    ok: bool
    condition: str | None = None


class StartPoleTest(msgspec.Struct, frozen=True):
    """I stand at this pole and am about to press it."""

    asset_id: str


class ConfirmLamp(msgspec.Struct, frozen=True):
    """Whether the pole has shown that the police have it."""

    test_id: str
    lit: bool


class StopPoleTest(msgspec.Struct, frozen=True):
    """No test after all."""

    test_id: str


class EndOverdueTests(msgspec.Struct, frozen=True):
    """Every test whose time is over has failed, and a work order says so."""


class AddFile(msgspec.Struct, frozen=True):
    """A picture or document of an asset, checked already."""

    asset_id: str
    name: str
    media_type: str
    content: bytes


class EraseEquipment(msgspec.Struct, frozen=True):
    """What of a class was kept for so many days after there was a reason to keep it is erased."""

    data_class: EquipmentClass
    days: int


class RemoveFile(msgspec.Struct, frozen=True):
    """It is not to be shown any more."""

    asset_id: str
    file_id: str
