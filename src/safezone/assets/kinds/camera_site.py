"""A place where cameras hang; it is as well as the worst of its cameras."""

from __future__ import annotations

from typing import Final

from safezone.assets.kinds import Kind
from safezone.core.i18n import Words

KIND: Final = Kind(
    id="camera_site",
    name=Words(th="จุดติดตั้งกล้อง", en="Camera site"),
    icon="camera",
    evidence=(),
    label=Words(th="จุดติดตั้งกล้องวงจรปิด", en="CCTV site"),
)
