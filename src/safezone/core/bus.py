"""Who handles which command, who writes which event's rows, and who listens: filled once, when the program is wired."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from safezone.core.errors import SafezoneError
from safezone.core.event import Entry, Event, kind_of
from safezone.core.log import LogReader

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from safezone.core.work import UnitOfWork

E = TypeVar("E", bound=Event)
C = TypeVar("C")

Apply = Callable[["Connection", Entry, Any], None]
Handler = Callable[[Any, "UnitOfWork"], Any]
ManyHandler = Callable[[Sequence[Any], Sequence["UnitOfWork"]], Sequence[Any]]


class Listener(msgspec.Struct, frozen=True):
    """A named reader of the log with a cursor of its own; `kinds` are the events that it acts on."""

    name: str
    hear: Callable[[Entry, Any, Any], None]
    kinds: frozenset[str]


class Bus:
    """The switchboard. Registering the same thing twice is an error: one command has one handler."""

    def __init__(self) -> None:
        self._handlers: dict[type[Any], Handler] = {}
        self._many: dict[type[Any], ManyHandler] = {}
        self._applies: dict[type[Event], list[Apply]] = {}
        self.listeners: dict[str, Listener] = {}

    def handle(self, command: type[C], handler: Callable[[C, UnitOfWork], Any]) -> None:
        """`handler` decides every command of this type."""
        if command in self._handlers or command in self._many:
            raise SafezoneError(f"{command.__name__} has a handler already")
        self._handlers[command] = handler

    def handle_many(
        self, command: type[C], handler: Callable[[Sequence[C], Sequence[UnitOfWork]], Sequence[Any]]
    ) -> None:
        """`handler` gets all waiting commands of this type at once (telemetry) and answers each in order."""
        if command in self._handlers or command in self._many:
            raise SafezoneError(f"{command.__name__} has a handler already")
        self._many[command] = handler

    def apply(self, event_type: type[E], write: Callable[[Connection, Entry, E], None]) -> None:
        """`write` is the code that writes this event's rows, now and in every replay."""
        self._applies.setdefault(event_type, []).append(write)

    def listen(
        self, name: str, hear: Callable[[Entry, Any, UnitOfWork], None], kinds: Sequence[type[Event]]
    ) -> None:
        """`hear(entry, event, uow)` is called once for each event of these kinds, in order, after its commit."""
        if name in self.listeners:
            raise SafezoneError(f"the listener {name} is there already")
        self.listeners[name] = Listener(name, hear, frozenset(kind_of(k) for k in kinds))

    def handler_of(self, command: type[Any]) -> Handler:
        """The handler of a command type; SafezoneError when nobody was wired to it."""
        try:
            return self._handlers[command]
        except KeyError:
            raise SafezoneError(f"nobody handles {command.__name__}") from None

    def many_handler_of(self, command: type[Any]) -> ManyHandler | None:
        """The handler that takes this type in bulk, or None."""
        return self._many.get(command)

    def apply_entry(self, conn: Connection, entry: Entry) -> None:
        """The rows of one event are written; SafezoneError when no store knows the event."""
        writes = self._applies.get(type(entry.event))
        if writes is None:
            raise SafezoneError(f"no store applies {entry.kind}")
        for write in writes:
            write(conn, entry, entry.event)

    def event_types(self) -> list[type[Event]]:
        """Every event that some store applies."""
        return list(self._applies)

    def reader(self) -> LogReader:
        """A reader of the log that knows every event wired here."""
        return LogReader(self.event_types())
