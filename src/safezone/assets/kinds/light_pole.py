"""A portable light with a battery, carried to where it is dark and lent to whoever needs it."""

from __future__ import annotations

from typing import Final

from safezone.assets.kinds import Kind
from safezone.core.i18n import Words

KIND: Final = Kind(
    id="light_pole",
    name=Words(th="เสาไฟส่องสว่างแบบพกพา", en="Portable light pole"),
    icon="lamp",
    moves=True,
    battery=True,
    evidence=("heartbeat", "check"),
    label=Words(th="เสาไฟส่องสว่างแบบพกพา", en="Portable light pole"),
)
