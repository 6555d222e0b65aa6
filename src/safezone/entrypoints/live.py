"""The live feed: every screen gets every event once and in order, also across a reconnect (server-sent events)."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal, Protocol

import msgspec
from sqlalchemy import Connection

from safezone.core.desk import Desk
from safezone.core.event import Entry
from safezone.core.identity import Identity
from safezone.core.lane import Committed
from safezone.core.log import last_seq
from safezone.entrypoints.figures import Spread

logger = logging.getLogger("safezone.live")

HEARTBEAT_S: Final = 5.0
COALESCE_S: Final = 0.5
"""Positions of one unit are sent at most this often (2 Hz)."""
LARGEST_BACKLOG_BYTES: Final = 8 * 1024 * 1024
"""A screen that reads too slowly is cut off here; it reconnects and is given what it missed from the log."""
LONGEST_GAP: Final = 20_000
"""A screen that missed more than this is told to load anew."""
CATCH_UP_STEP: Final = 300

_encode: Final = msgspec.json.Encoder().encode

Trouble = Literal["record", "doors"]
"""`record`: nothing can be stored. `doors`: the SOS points cannot reach the program."""


class LiveSource(Protocol):
    """One domain's part of the feed: which of its things an entry changed, and how they look now."""

    @property
    def field(self) -> str: ...

    @property
    def is_list(self) -> bool: ...

    def touched(self, entry: Entry) -> Sequence[str]: ...

    def views(self, conn: Connection, station: str, ids: Sequence[str]) -> dict[str, Any]: ...

    def visible_to(self, view: Any, identity: Identity) -> Any | None: ...


class MovingSource(Protocol):
    """What moves too often for the log: turns a signal into the newest fix of each thing, and says who may see it."""

    def moved(self, signal: Any) -> dict[str, Any]: ...

    def may_see(self, identity: Identity, moving_id: str) -> bool: ...


class _Part(msgspec.Struct, frozen=True):
    """What one entry changed in one domain: the views, each with its bytes for the command centre."""

    source: LiveSource
    ids: Sequence[str]
    """Those that go with this entry: in a batch a view goes with the last entry that touched it."""
    touched: Sequence[str]
    views: dict[str, Any]
    encoded: dict[str, msgspec.Raw]


class _Prepared(msgspec.Struct, frozen=True):
    """One entry on its way to the screens."""

    entry: Entry
    parts: list[_Part]
    for_ccoc: bytes


class Screen:
    """One open connection; `position` is the last line of the log that it was given."""

    def __init__(self, identity: Identity, token: str, position: int) -> None:
        self.identity = identity
        self.token = token
        self.position = position
        self.wake = asyncio.Event()
        self.closing = False
        self.cut_off: Callable[[], Any] | None = None
        """Ends the connection although something is still being written to it."""
        self._frames: deque[bytes] = deque()
        self._waiting_bytes = 0

    def push(self, frame: bytes) -> None:
        """The frame goes out behind those before it; a screen that is too far behind is cut off instead."""
        if self.closing:
            return
        self._frames.append(frame)
        self._waiting_bytes += len(frame)
        self.wake.set()
        if self._waiting_bytes > LARGEST_BACKLOG_BYTES:
            # It may never read again, and whoever writes to it waits for that: memory must not.
            self.closing = True
            self._frames.clear()
            if self.cut_off is not None:
                self.cut_off()

    def close(self, last_frame: bytes = b"") -> None:
        """The connection ends after `last_frame`."""
        if last_frame:
            self._frames.append(last_frame)
        self.closing = True
        self.wake.set()

    def take(self) -> bytes:
        """Everything that waits, as one piece."""
        self.wake.clear()
        taken = b"".join(self._frames)
        self._frames.clear()
        self._waiting_bytes = 0
        return taken


def frame_of(event: str, data: Any, seq: int | None = None) -> bytes:
    """One server-sent event (WHATWG HTML, 9.2.5); with `seq` it moves the reader's Last-Event-ID."""
    head = f"id: {seq}\nevent: {event}\ndata: " if seq is not None else f"event: {event}\ndata: "
    return head.encode() + _encode(data) + b"\n\n"


class LiveHub:
    """Takes what was committed, asks the domains how it looks now, and gives it to every screen."""

    def __init__(self, desk: Desk, sources: Sequence[LiveSource], moving: MovingSource) -> None:
        self._desk = desk
        self._sources = sources
        self._moving = moving
        self._screens: set[Screen] = set()
        self._entries: deque[Entry] = deque()
        self._moves: dict[str, Any] = {}
        self._news = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self.delay = Spread()
        """Seconds from the commit to the screens."""
        self._first_s = 0.0
        self._traces: dict[str, str] = {}
        self.on_told: Callable[[Mapping[str, str], float, int], None] | None = None
        """Called with the traces of what the screens have just been told, since when we knew it, and how many they are."""
        self._beat_s = time.monotonic()
        self.position = 0
        self.trouble: Callable[[], list[Trouble]] = list
        """What every screen must say until it is over."""
        self.notices: Sequence[Any] = ()
        """What is not well, for the command centre: told with each heartbeat."""

    async def start(self) -> None:
        """The hub follows the log from its end."""
        self._loop = asyncio.get_running_loop()
        self._desk.lane.observe(self._on_commit)
        self.position = await self._desk.ask(last_seq, self._desk.station)
        for run in (self._run, self._beat, self._send_moves):
            self._tasks.append(asyncio.create_task(_forever(run)))

    async def stop(self) -> None:
        """Every screen is let go; it will reconnect elsewhere or later."""
        for screen in list(self._screens):
            screen.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def screen_count(self) -> int:
        """How many screens are connected and up to date."""
        return len(self._screens)

    @property
    def waiting(self) -> int:
        """Events that are on disk and that no screen was told yet."""
        return len(self._entries)

    def silent_s(self) -> float:
        """Seconds since every screen was last told that the feed is alive."""
        return time.monotonic() - self._beat_s

    def _on_commit(self, committed: Committed) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._take, committed)

    def _take(self, committed: Committed) -> None:
        if not self._entries:
            self._first_s = time.perf_counter()
        self._entries.extend(e for e in committed.entries if e.station == self._desk.station)
        if committed.traces:
            self._traces |= committed.traces
        for signal in committed.signals:
            self._moves.update(self._moving.moved(signal))
        if self._entries:
            self._news.set()

    async def _run(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            batch, first_s, traces = list(self._entries), self._first_s, self._traces
            self._entries.clear()
            self._traces = {}
            if not batch:
                continue
            try:
                prepared = await self._desk.ask(self._prepare, batch) if self._screens else []
            except Exception:
                # Nobody may miss an event in silence: every screen reconnects and reads it from the log.
                logger.exception("cannot prepare the feed; every screen is asked to reconnect")
                prepared = []
                for screen in list(self._screens):
                    self._screens.discard(screen)
                    screen.close()
            # From here to the end nothing is awaited: a screen that joins is either before or after this batch.
            self._sign_out_expired()
            for one in prepared:
                self._broadcast(one)
            self.delay.add(time.perf_counter() - first_s)
            if traces and self._screens and self.on_told is not None:
                self.on_told(traces, first_s, len(self._screens))
            self._screens -= {screen for screen in self._screens if screen.closing}
            self.position = batch[-1].seq
            if any(entry.kind == "credential_revoked" for entry in batch):
                self._sign_out_revoked()

    def _broadcast(self, prepared: _Prepared) -> None:
        for screen in self._screens:
            if prepared.entry.seq > screen.position:
                screen.position = prepared.entry.seq
                frame = self._frame_for(prepared, screen.identity)
                if frame:
                    screen.push(frame)

    def _prepare(self, conn: Connection, entries: Sequence[Entry]) -> list[_Prepared]:
        """Each entry with the views of what it changed; in a batch a view goes with the last entry that touched it."""
        touched = [[tuple(source.touched(entry)) for source in self._sources] for entry in entries]
        views: list[dict[str, Any]] = []
        for number, source in enumerate(self._sources):
            ids = {id_ for of_entry in touched for id_ in of_entry[number]}
            views.append(source.views(conn, self._desk.station, sorted(ids)) if ids else {})
        encoded = [{id_: msgspec.Raw(_encode(view)) for id_, view in of_one.items()} for of_one in views]
        taken: list[set[str]] = [set() for _ in self._sources]
        prepared: list[_Prepared] = []
        for entry, of_entry in zip(reversed(entries), reversed(touched), strict=True):
            parts = []
            for number, source in enumerate(self._sources):
                ids_left = [i for i in of_entry[number] if i not in taken[number] and i in views[number]]
                taken[number].update(ids_left)
                if of_entry[number]:
                    parts.append(_Part(source, ids_left, of_entry[number], views[number], encoded[number]))
            prepared.append(_Prepared(entry, parts, self._encode_for_ccoc(entry, parts)))
        return prepared[::-1]

    def _encode_for_ccoc(self, entry: Entry, parts: Sequence[_Part]) -> bytes:
        data = _about(entry)
        # What was touched and has no view is not shown (any more): taken out of use, or moved out of sight.
        if gone := [id_ for part in parts for id_ in part.touched if id_ not in part.views]:
            data["gone"] = gone
        for part in parts:
            if not part.ids:
                continue
            raws = [part.encoded[id_] for id_ in part.ids]
            data[part.source.field] = raws if part.source.is_list else raws[-1]
        return frame_of("change", data, entry.seq)

    def _frame_for(self, prepared: _Prepared, identity: Identity) -> bytes:
        """The entry as this identity may see it; nothing at all when it may not see any of it."""
        if identity.in_ccoc:
            return prepared.for_ccoc
        data: dict[str, Any] = {}
        gone: list[str] = []
        for part in prepared.parts:
            for id_ in part.ids:
                view = part.source.visible_to(part.views[id_], identity)
                if view is not None and part.source.is_list:
                    data.setdefault(part.source.field, []).append(view)
            # A unit is told with its own entry (it was cleared), even where the view goes with a later one (closed).
            if getattr(prepared.entry.event, "unit_id", None) == identity.unit_id:
                views = ((id_, part.views[id_]) for id_ in part.touched if id_ in part.views)
                gone += [id_ for id_, view in views if part.source.visible_to(view, identity) is None]
        if not data and not gone:
            return b""
        return frame_of("change", {**_about(prepared.entry), **data, "gone": gone}, prepared.entry.seq)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            self._sign_out_revoked()
            beat = self._heartbeat()
            for screen in self._screens:
                screen.push(beat if screen.identity.in_ccoc else self._heartbeat(()))
            self._beat_s = time.monotonic()

    def _heartbeat(self, notices: Sequence[Any] | None = None) -> bytes:
        """A sign of life; the command centre also hears with it what is not well."""
        told = self.notices if notices is None else notices
        said = {"seq": self.position, "at": self._desk.clock.now(), "trouble": self.trouble()}
        return frame_of("heartbeat", {**said, "notices": told})

    async def _send_moves(self) -> None:
        while True:
            await asyncio.sleep(COALESCE_S)
            self._sign_out_expired()
            moves, self._moves = self._moves, {}
            if not moves:
                continue
            at = self._desk.clock.now()
            everything = frame_of("positions", {"at": at, "units": _as_moves(moves)})
            for screen in self._screens:
                if screen.identity.in_ccoc:
                    screen.push(everything)
                    continue
                seen = {id_: fix for id_, fix in moves.items() if self._moving.may_see(screen.identity, id_)}
                if seen:
                    screen.push(frame_of("positions", {"at": at, "units": _as_moves(seen)}))

    def _sign_out_expired(self) -> None:
        """Whose time is over by the clock is told so within half a second, and gets nothing more."""
        now = self._desk.clock.now()
        over = [
            each for each in self._screens if each.identity.expires_at and each.identity.expires_at <= now
        ]
        if over:
            self._sign_out_revoked(over)

    def _sign_out_revoked(self, among: Sequence[Screen] | None = None) -> None:
        for screen in list(self._screens if among is None else among):
            if self._desk.authenticator.find(screen.token) is None:
                self._screens.discard(screen)
                screen.close(frame_of("signed_out", {}))

    async def join(self, screen: Screen, send: Callable[[bytes], Any]) -> bool:
        """The screen is given what it missed and then everything new; False when it must load anew."""
        head = await self._desk.ask(last_seq, self._desk.station)
        if screen.position > head or head - screen.position > LONGEST_GAP:
            reason = "unknown_place" if screen.position > head else "too_far_behind"
            await send(frame_of("reload", {"reason": reason, "seq": head}))
            return False
        await send(self._heartbeat(None if screen.identity.in_ccoc else ()))
        while screen.position < self.position:
            prepared = await self._desk.ask(self._read_missed, screen.position)
            if not prepared:
                break
            frames = [self._frame_for(one, screen.identity) for one in prepared]
            await send(b"".join(frames))
            screen.position = prepared[-1].entry.seq
        self._screens.add(screen)
        # Put out while it was being told what it had missed: nobody else would notice before the next heartbeat.
        self._sign_out_revoked([screen])
        return True

    def leave(self, screen: Screen) -> None:
        """The screen gets nothing more."""
        self._screens.discard(screen)

    def _read_missed(self, conn: Connection, after_seq: int) -> list[_Prepared]:
        return self._prepare(
            conn, self._desk.reader.list_after(conn, self._desk.station, after_seq, CATCH_UP_STEP)
        )


def _about(entry: Entry) -> dict[str, Any]:
    return {
        "seq": entry.seq,
        "at": entry.at,
        "kind": entry.kind,
        "actor": entry.actor,
        "subject": entry.event.subject,
    }


def _as_moves(moves: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"id": id_, "fix": fix} for id_, fix in moves.items()]


async def _forever(run: Callable[[], Any]) -> None:
    """One failing batch must not end the feed: it is logged and the next one goes on."""
    while True:
        try:
            await run()
        except asyncio.CancelledError:
            raise
        except Exception:
            logger.exception("the live feed stumbled and goes on")
            await asyncio.sleep(0.1)
