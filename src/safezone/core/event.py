"""What has happened, as the log keeps it: the base of every event."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind"):
    """Something that has happened. Past tense, never refused, never changed; a correction is a new event.

    A subclass gives its `tag` (the `kind` in the log) and names in `subject_field` the field that says what it
    is about. New fields must have defaults, so that every event ever written can still be read.
    """

    subject_field: ClassVar[str]

    @property
    def subject(self) -> str:
        """The id of the thing that this event is about."""
        value: str = getattr(self, self.subject_field)
        return value


class Sealed(msgspec.Struct, frozen=True):
    """Where personal content lies in the vault (`ref`), and its keyed hash: useless once its key is deleted."""

    ref: str
    digest: str


class Entry(msgspec.Struct, frozen=True):
    """One line of the log: which event, when by the server's clock (aware UTC), and who did it."""

    station: str
    seq: int
    id: str
    at: datetime
    actor: str
    event: Event

    @property
    def kind(self) -> str:
        return kind_of(type(self.event))


def seals_in(entry: Entry) -> list[Sealed]:
    """Every reference to sealed content in a line of the log."""
    values = (getattr(entry.event, name) for name in entry.event.__struct_fields__)
    return [value for value in values if isinstance(value, Sealed)]


def kind_of(event_type: type[Event]) -> str:
    """The `kind` under which an event type stands in the log."""
    return str(event_type.__struct_config__.tag)
