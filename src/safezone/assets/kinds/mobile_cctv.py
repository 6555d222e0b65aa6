"""A vehicle or trailer with cameras."""

from __future__ import annotations

from typing import Final

from safezone.assets.kinds import Kind
from safezone.core.i18n import Words

KIND: Final = Kind(
    id="mobile_cctv",
    name=Words(th="รถกล้องวงจรปิดเคลื่อนที่", en="Mobile CCTV unit"),
    icon="van",
    moves=True,
    battery=True,
    evidence=("heartbeat", "check"),
    label=Words(th="รถกล้องวงจรปิดเคลื่อนที่", en="Mobile CCTV unit"),
)
