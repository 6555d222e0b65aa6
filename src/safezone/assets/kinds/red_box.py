"""A red box where patrols sign in; it has nothing that speaks, so somebody looks at it."""

from __future__ import annotations

from typing import Final

from safezone.assets.kinds import Kind
from safezone.core.i18n import Words

KIND: Final = Kind(
    id="red_box",
    name=Words(th="ตู้แดง", en="Red box"),
    icon="box",
    evidence=("check",),
    check_every_days=90,
    label=Words(th="ตู้แดง จุดตรวจสายตรวจ", en="Patrol red box"),
)
