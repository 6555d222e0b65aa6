"""What the patrol must ask of others now; `main.py` hands it the answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from safezone.core.geo import Point
from safezone.events.patrol import UnitKind


class TravelTimes(Protocol):
    """A road network: `safezone.zone.road_graph.RoadGraph`, or any other that answers the same way."""

    def travel_times_s(
        self, to: Point, from_: Sequence[Point], profile: UnitKind, limit_s: float = ...
    ) -> list[float | None]: ...
