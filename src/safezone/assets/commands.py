"""What may be asked of the equipment."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from safezone.assets.station_set import AssetSet

Sign = Literal["heartbeat", "press"]
"""By what a thing showed that it is alive."""

HeartbeatAnswer = Literal["ok", "unknown_asset", "not_yours"]


class RegisterAssets(msgspec.Struct, frozen=True):
    """Register all equipment of a station set; refused as a whole when any code is taken."""

    assets: AssetSet


class RecordHeartbeat(msgspec.Struct, frozen=True):
    """A thing said that it is alive. The server's time counts; `claimed_at` is what its own clock said."""

    asset_id: str
    claimed_at: datetime | None = None
    battery_pct: float | None = None
    via: Sign = "heartbeat"


class KeepProbe(msgspec.Struct, frozen=True):
    """A synthetic press came in by this point, which is no asset: the time of the last one is kept, nothing else."""

    point_id: str


class AssessReadiness(msgspec.Struct, frozen=True):
    """Judge every asset by the evidence; `listening_since` is when this program began to hear heartbeats (UTC)."""

    listening_since: datetime
