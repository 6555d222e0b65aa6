"""A pole or call box where somebody can press for help; tried from end to end once a month."""

from __future__ import annotations

from typing import Final

from safezone.assets.kinds import Kind
from safezone.core.i18n import Words

KIND: Final = Kind(
    id="sos_point",
    name=Words(th="เสา SOS", en="SOS point"),
    icon="sos_point",
    battery=True,
    evidence=("heartbeat", "test_press"),
    label=Words(th="จุดแจ้งเหตุฉุกเฉิน SOS", en="SOS point"),
)
