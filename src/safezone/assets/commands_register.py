"""What may be asked of the register: who owns what, under which agreement, how far it has come, where it stands."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from safezone.core.geo import Point
from safezone.core.i18n import Words
from safezone.events.assets import AssetFacts, Lifecycle, Sector

Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class PutAssets(msgspec.Struct, frozen=True):
    """All of these are registered or written down anew, or nothing is.

    `base_version` is the version of the register that was looked at; Conflict when it is another one by now.
    """

    new: list[AssetFacts]
    changed: list[AssetFacts]
    base_version: str | UnsetType | None = UNSET


class AssetChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The fields of an asset that are to be other ones; a field that is not given stays, null empties it."""

    name: Words | UnsetType = UNSET
    owner_id: Annotated[str, msgspec.Meta(max_length=64)] | UnsetType | None = UNSET
    site_id: Annotated[str, msgspec.Meta(max_length=64)] | UnsetType | None = UNSET
    model: Annotated[str, msgspec.Meta(max_length=200)] | UnsetType | None = UNSET
    legal_basis: Annotated[str, msgspec.Meta(max_length=200)] | UnsetType | None = UNSET
    mou_id: Annotated[str, msgspec.Meta(max_length=64)] | UnsetType | None = UNSET
    cost_satang: Annotated[int, msgspec.Meta(ge=0, le=10**15)] | UnsetType | None = UNSET
    budget_line: Annotated[str, msgspec.Meta(max_length=200)] | UnsetType | None = UNSET
    fiscal_year: Annotated[int, msgspec.Meta(ge=2400, le=2700)] | UnsetType | None = UNSET
    warranty_until: date | UnsetType | None = UNSET


class ChangeAsset(msgspec.Struct, frozen=True):
    """Write down something else of one asset."""

    asset_id: str
    change: AssetChange


class MoveLifecycle(msgspec.Struct, frozen=True):
    """It has come one step further, or back, or to its end. Without `on` it was today."""

    asset_id: str
    lifecycle: Lifecycle
    reason: str
    on: date | None = None


class MoveAsset(msgspec.Struct, frozen=True):
    """It stands here now. A place outside Thailand is asked about; `confirmed` is the answer."""

    asset_id: str
    place: Point
    reason: str | None = None
    confirmed: bool = False


class NameOwner(msgspec.Struct, frozen=True):
    """Whoever owns equipment is in the register by this name; without `contact` the one that is there stays."""

    owner_id: str
    name: Words
    sector: Sector
    contact: str | None = None


class AttachMouPaper(msgspec.Struct, frozen=True):
    """The signed paper of an agreement, checked already; it takes the place of the one before."""

    mou_id: str
    name: str
    media_type: str
    content: bytes


class RecordMou(msgspec.Struct, frozen=True):
    """An agreement reads like this; without `mou_id` it is a new one."""

    owner_id: str
    number: str
    from_day: date
    until_day: date
    scope: Words
    mou_id: str | None = None
