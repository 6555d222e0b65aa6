"""What has happened to the equipment: registered, changed, moved, and found well, silent or down."""

from __future__ import annotations

from datetime import date
from typing import Literal

import msgspec

from safezone.core.event import Event, Sealed
from safezone.core.geo import Point
from safezone.core.i18n import Words

Lifecycle = Literal["proposed", "approved", "procured", "installed", "in_service", "retired"]
"""How far it has come: most equipment of a zone is planned, borrowed or someone else's."""

Readiness = Literal["READY", "WATCH", "DOWN", "UNKNOWN"]
"""Computed from evidence, never picked by hand. UNKNOWN: no baseline, or nothing to judge by."""


class CameraSiteRegistered(Event, frozen=True, kw_only=True, tag="camera_site_registered"):
    """A place (จุด) where cameras hang or shall hang; its cameras are registered one by one."""

    subject_field = "site_id"
    site_id: str
    code: str
    name: Words
    point: Point
    owner: Words
    lifecycle: Lifecycle
    synthetic: bool = False


class CameraRegistered(Event, frozen=True, kw_only=True, tag="camera_registered"):
    """One camera (ตัว) at a site."""

    subject_field = "camera_id"
    camera_id: str
    site_id: str
    code: str
    name: Words
    owner: Words
    lifecycle: Lifecycle
    synthetic: bool = False


class SosPointRegistered(Event, frozen=True, kw_only=True, tag="sos_point_registered"):
    """An SOS point where somebody can press for help."""

    subject_field = "point_id"
    point_id: str
    code: str
    name: Words
    point: Point
    owner: Words
    lifecycle: Lifecycle
    synthetic: bool = False


class AssetReadinessChanged(Event, frozen=True, kw_only=True, tag="asset_readiness_changed"):
    """The evidence about an asset now says something else; `reason` is what the screen shows."""

    subject_field = "asset_id"
    asset_id: str
    before: Readiness
    readiness: Readiness
    reason: Words


Sector = Literal["police", "local_government", "business", "agency", "residents", "media"]
"""Which of the Big Six an owner belongs to; `agency` are other agencies and non-profits."""


class AssetFacts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything that is written down of one asset. Money is in satang, so that no fraction is lost."""

    id: str
    kind: str
    code: str
    name: Words
    lifecycle: Lifecycle
    owner: Words
    owner_id: str | None = None
    point: Point | None = None
    site_id: str | None = None
    model: str | None = None
    legal_basis: str | None = None
    mou_id: str | None = None
    cost_satang: int | None = None
    budget_line: str | None = None
    fiscal_year: int | None = None
    """Buddhist era."""
    warranty_until: date | None = None
    synthetic: bool = False


class AssetsRegistered(Event, frozen=True, kw_only=True, tag="assets_registered"):
    """Equipment of any kind was written into the register, one piece or a part of a list."""

    subject_field = "batch_id"
    batch_id: str
    assets: list[AssetFacts]


class AssetsChanged(Event, frozen=True, kw_only=True, tag="assets_changed"):
    """What is written down of these assets is now this; `changed` names the fields of each that are new."""

    subject_field = "batch_id"
    batch_id: str
    assets: list[AssetFacts]
    changed: list[list[str]]


class LifecycleChanged(Event, frozen=True, kw_only=True, tag="lifecycle_changed"):
    """An asset has come further, or back, or to its end; `on` is the day on which it did."""

    subject_field = "asset_id"
    asset_id: str
    before: Lifecycle
    lifecycle: Lifecycle
    on: date
    reason: Sealed


class AssetMoved(Event, frozen=True, kw_only=True, tag="asset_moved"):
    """An asset stands somewhere else now. With a site its cameras have moved too."""

    subject_field = "asset_id"
    asset_id: str
    point: Point
    reason: Sealed | None = None


class OwnerNamed(Event, frozen=True, kw_only=True, tag="owner_named"):
    """Somebody who owns equipment is in the register, or is called otherwise now; whom to ask there is sealed."""

    subject_field = "owner_id"
    owner_id: str
    name: Words
    sector: Sector
    contact: Sealed | None = None


class MouPaperAttached(Event, frozen=True, kw_only=True, tag="mou_paper_attached"):
    """The paper of an agreement, its name and content sealed; it takes the place of the one before."""

    subject_field = "mou_id"
    mou_id: str
    media_type: str
    size: int
    name: Sealed
    content: Sealed


class MouRecorded(Event, frozen=True, kw_only=True, tag="mou_recorded"):
    """An agreement with an owner, as it reads now; it holds on both days and those between them."""

    subject_field = "mou_id"
    mou_id: str
    owner_id: str
    number: str
    from_day: date
    until_day: date
    scope: Words
