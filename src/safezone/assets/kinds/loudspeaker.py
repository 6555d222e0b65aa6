"""A loudspeaker for announcements in a street or a market."""

from __future__ import annotations

from typing import Final

from safezone.assets.kinds import Kind
from safezone.core.i18n import Words

KIND: Final = Kind(
    id="loudspeaker",
    name=Words(th="เครื่องขยายเสียง", en="Loudspeaker"),
    icon="speaker",
    at_site=True,
    evidence=("heartbeat", "check"),
    label=Words(th="เครื่องขยายเสียงประกาศ", en="Loudspeaker"),
)
