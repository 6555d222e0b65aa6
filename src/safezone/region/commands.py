"""What may be asked of a region."""

from __future__ import annotations

import msgspec


class LookAtStations(msgspec.Struct, frozen=True):
    """Be shown the figures of this station, or of every one of the region; answers with the stations that may be shown."""

    station_id: str | None = None
