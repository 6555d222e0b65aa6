"""One camera: whether its picture is good is for somebody to look at, or for a program that looks."""

from __future__ import annotations

from typing import Final

from safezone.assets.kinds import Kind
from safezone.core.i18n import Words

KIND: Final = Kind(
    id="camera",
    name=Words(th="กล้อง", en="Camera"),
    icon="camera",
    at_site=True,
    evidence=("heartbeat", "check"),
    label=Words(th="กล้องวงจรปิด", en="CCTV camera"),
)
