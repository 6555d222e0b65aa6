"""What sorts of equipment there are: one small file each in this folder, found by looking into it."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import Final, Literal

import msgspec

from safezone.core.i18n import Words

Baseline = Literal["heartbeat", "check", "test_press"]
"""By what a thing can show that it is well: its own sign of life, somebody who looked, a press from end to end."""


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """One sort of equipment: what it is called, how it is kept, and what is expected of it as evidence."""

    id: str
    name: Words
    icon: str
    """The name of its sign on the screens (`web/src/ui/icons.ts`)."""
    at_site: bool = False
    """It may hang at a camera site, and then stands where the site stands."""
    moves: bool = False
    """It is lent and carried about, so that where it was is remembered."""
    battery: bool = False
    evidence: tuple[Baseline, ...] = ("check",)
    """The first that is there is its baseline; without any of them it is UNKNOWN."""
    check_every_days: int = 30
    """How long it is believed that it is as somebody found it. A beginning, no official figure."""
    label: Words
    """What stands on its label above the code."""


def _found() -> dict[str, Kind]:
    kinds = {}
    for module in sorted(each.name for each in pkgutil.iter_modules(__path__)):
        kind: Kind = import_module(f"{__name__}.{module}").KIND
        kinds[kind.id] = kind
    return kinds


KINDS: Final[dict[str, Kind]] = _found()
"""Every kind by its id, in order of the ids."""
