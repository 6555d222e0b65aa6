"""What has happened in a region: who at its seat has looked at which stations."""

from __future__ import annotations

from typing import ClassVar, Final

from safezone.core.event import Event

ALL_OF_THEM: Final = "region"
"""What a look is about that was at every station of the region."""


class StationsLookedAt(Event, frozen=True, tag="stations_looked_at"):
    """A commander of the region is shown the figures of these stations; in the log of the seat, before they are shown."""

    subject_field: ClassVar[str] = "about"
    about: str
    """The station, or `region` for the list of all."""
    stations: tuple[str, ...]
