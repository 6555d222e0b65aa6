"""A drone: looked over on the ground before it is counted on."""

from __future__ import annotations

from typing import Final

from safezone.assets.kinds import Kind
from safezone.core.i18n import Words

KIND: Final = Kind(
    id="drone",
    name=Words(th="โดรน", en="Drone"),
    icon="drone",
    moves=True,
    battery=True,
    evidence=("heartbeat", "check"),
    check_every_days=7,
    label=Words(th="โดรน", en="Drone"),
)
