"""What may be asked of the ground."""

from __future__ import annotations

import msgspec

from safezone.zone.station_set import ZoneSet


class CreateStation(msgspec.Struct, frozen=True):
    """Create a station with the zone that was read from its station set; refused when it exists already."""

    zone: ZoneSet
