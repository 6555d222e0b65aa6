"""What a press, a report or a dispatch took on its way, for an OpenTelemetry collector; off unless `[traces]` says where.

Whoever is at work only notes down when something began and ended (a few microseconds, and only of what is recorded). A
thread of its own makes spans of the notes and sends them. A collector that is slow or away costs the notes, nothing else.

No note holds what somebody said, who they are, a secret or an address: names of commands and routes, ids, and numbers.
"""

from __future__ import annotations

import asyncio
import random
import re
import threading
from collections import deque
from collections.abc import Mapping
from importlib.util import find_spec
from time import perf_counter
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from safezone.core.errors import CannotStart
from safezone.core.i18n import Words
from safezone.core.lane import Batch
from safezone.core.once import Once
from safezone.core.settings_outside import Traces as TraceSettings
from safezone.entrypoints.figures import outcome_of

if TYPE_CHECKING:
    from safezone.entrypoints.traces_export import Export

SEND_EVERY_S: Final = 1.0
MOST_WAITING: Final = 8192
"""Notes that were not sent yet; beyond it the oldest are forgotten."""
STOP_LIMIT_S: Final = 1.0
"""So long the end of the program waits for the last of them to be sent."""

Kind = Literal["server", "consumer", "internal"]
Said = Mapping[str, str | int | float | bool]
_TRACEPARENT: Final = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")


class Note(NamedTuple):
    """Something that was done; times by `time.perf_counter`."""

    trace: str
    span: str
    parent: str
    """The span that it is a part of; empty: of none."""
    name: str
    began_s: float
    ended_s: float
    said: Said = MappingProxyType({})
    kind: Kind = "internal"
    failed: bool = False


class Door:
    """The way of one message through a door: everything else that is noted down of it is a part of this."""

    __slots__ = ("_parent", "_traces", "began_s", "kind", "span", "trace", "traceparent")

    def __init__(self, traces: Traces, kind: Kind, trace: str, parent: str) -> None:
        self._traces, self._parent = traces, parent
        self.kind, self.trace, self.span = kind, trace, _new_id(16)
        self.traceparent = f"00-{trace}-{self.span}-01"
        self.began_s = perf_counter()

    def receipt(self, began_s: float) -> None:
        """Whoever asked has been told, by now; it was known what since `began_s`."""
        self._traces.note(self.traceparent, "receipt", began_s, perf_counter())

    def close(self, name: str, said: Said, *, failed: bool = False) -> None:
        """The message is dealt with."""
        ended_s = perf_counter()
        note = Note(self.trace, self.span, self._parent, name, self.began_s, ended_s, said, self.kind, failed)
        self._traces.keep(note)


class Traces:
    """Takes notes, from any thread, and has them sent."""

    def __init__(self, settings: TraceSettings, station: str, process: str) -> None:
        """CannotStart where what sends them is not installed."""
        if not _is_installed():
            raise CannotStart(_NOT_INSTALLED)
        self._settings = settings
        self._who = {"service.name": "safezone", "safezone.station": station, "safezone.process": process}
        self._waiting: deque[Note] = deque(maxlen=MOST_WAITING)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="traces", daemon=True)

    def start(self) -> None:
        """Notes are sent from now on."""
        self._thread.start()

    async def stop(self) -> None:
        """What was noted down is sent, if that takes no longer than `STOP_LIMIT_S`."""
        self._ended.set()
        await asyncio.to_thread(self._thread.join, STOP_LIMIT_S)

    @property
    def waiting(self) -> int:
        """Notes that were not sent yet."""
        return len(self._waiting)

    def open(self, kind: Kind, traceparent: str = "") -> Door | None:
        """A message has come to a door; None when its way is not to be recorded.

        Whoever sends it may already have a trace of which this is to be a part, and then has decided.
        """
        told = _TRACEPARENT.fullmatch(traceparent)
        if told is not None:
            return Door(self, kind, told[1], told[2]) if int(told[3], 16) & 1 else None
        if random.random() >= self._settings.share:  # noqa: S311 - no secret
            return None
        return Door(self, kind, _new_id(32), "")

    def keep(self, note: Note) -> None:
        """It is sent in a while."""
        self._waiting.append(note)

    def note(self, traceparent: str, name: str, began_s: float, ended_s: float, **said: int | str) -> None:
        """A part of what this traceparent names."""
        known = {f"safezone.{key}": value for key, value in said.items()}
        self.keep(Note(traceparent[3:35], _new_id(16), traceparent[36:52], name, began_s, ended_s, known))

    def lane(self, batch: Batch) -> None:
        """What the lane did with those of a batch that are recorded; called in its thread, when all were answered."""
        for ask in batch.asks:
            if ask.trace is None:
                continue
            command = ask.command.command if type(ask.command) is Once else ask.command
            outcome = outcome_of(ask.error)
            self.note(ask.trace, "wait for the lane", ask.asked_s, batch.began_s)
            if ask.done_s > ask.asked_s:  # Else the transaction had ended before it came to this one.
                name = f"handle {type(command).__name__}"
                self.note(ask.trace, name, ask.began_s, ask.done_s, outcome=outcome)
            self.note(ask.trace, "commit", batch.worked_s, batch.ended_s, commands=len(batch.asks))

    def told(self, traces: Mapping[str, str], began_s: float, screens: int) -> None:
        """The screens of this process have been told; `began_s`: when this process learnt of it."""
        ended_s = perf_counter()
        for traceparent in set(traces.values()):
            self.note(traceparent, "live feed", began_s, ended_s, screens=screens)

    def _run(self) -> None:
        export: Export | None = None
        is_last = False
        while not is_last:
            is_last = self._ended.wait(SEND_EVERY_S)
            notes = [self._waiting.popleft() for _ in range(len(self._waiting))]
            if notes:
                export = export or self._load_export()
                export.send(notes)
        if export is not None:
            export.close()

    def _load_export(self) -> Export:
        """When the first note is there: loading OpenTelemetry takes 0.3 s, and no start is to wait for it."""
        from safezone.entrypoints.traces_export import Export  # noqa: PLC0415 - as it says

        return Export(self._settings.endpoint, self._who)


def traces_of(settings: TraceSettings, station: str, process: str) -> Traces | None:
    """Where notes are taken; None where nobody wants any."""
    return Traces(settings, station, process) if settings.endpoint else None


def _new_id(digits: int) -> str:
    return f"{random.getrandbits(4 * digits) or 1:0{digits}x}"


def _is_installed() -> bool:
    try:
        return find_spec("opentelemetry.exporter.otlp.proto.http.trace_exporter") is not None
    except (ModuleNotFoundError, ValueError):
        return False


_NOT_INSTALLED: Final = Words(
    th="[traces] ต้องติดตั้งเพิ่ม: pip install 'safezone[traces]'",
    en="[traces] needs more to be installed: pip install 'safezone[traces]'",
)
