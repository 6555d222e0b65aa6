"""What has happened to the equipment: registered, and found well, silent or down."""

from __future__ import annotations

from typing import Literal

from safezone.core.event import Event
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
