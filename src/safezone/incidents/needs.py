"""What the incidents must ask of their neighbours now; `main.py` hands them the answers."""

from __future__ import annotations

from typing import Protocol

import msgspec
from sqlalchemy import Connection


class UnitBrief(msgspec.Struct, frozen=True):
    """As much of a patrol unit as dispatching needs."""

    unit_id: str
    call_sign: str
    on_duty: bool
    unavailable_because: str | None = None


class Units(Protocol):
    """The patrol, asked for one unit."""

    def find_unit(self, conn: Connection, station: str, unit_id: str) -> UnitBrief | None: ...
