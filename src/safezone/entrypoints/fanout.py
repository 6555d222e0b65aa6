"""Several processes of one station tell each other, through NATS, that something was committed.

A message carries no content of the record, only how far the log has come, and the newest positions of units, which are
not in the log. Whoever hears it reads the log itself: a message that is lost or comes twice does no harm, and while
NATS is away every process looks by itself once a second.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple

import msgspec
import nats
from nats.aio.client import Client
from nats.aio.msg import Msg

from safezone.core.follower import Follower
from safezone.core.i18n import Words
from safezone.entrypoints.health import Finding, Report, State
from safezone.entrypoints.live import Trouble

logger = logging.getLogger("safezone.fanout")

LOOK_EVERY_S: Final = 1.0
"""Without NATS somebody who was signed out elsewhere sees nothing more after this time; with it, at once."""
TELL_HEALTH_EVERY_S: Final = 2.0
SILENT_AFTER_S: Final = 8.0
MOST_TRACES: Final = 300
"""In one message, which must not be too long; what is beyond is told without its trace."""


class FanoutSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach NATS, and who this process is."""

    servers: list[str]
    username: str = ""
    password: str = ""
    credentials_file: str = ""


class _News(msgspec.Struct, frozen=True, tag="news", omit_defaults=True):
    process: str
    seq: int
    name: str = ""
    signal: msgspec.Raw = msgspec.Raw(b"null")
    traces: Mapping[str, str] = {}
    """Traceparent by the id of an entry, where traces are wanted."""


class _Health(msgspec.Struct, frozen=True, tag="health"):
    process: str
    report: Report
    trouble: list[Trouble]


class _Other(NamedTuple):
    """What another process has said last."""

    at_s: float
    report: Report | None
    trouble: Sequence[Trouble]


_decode: Final = msgspec.json.Decoder(_News | _Health).decode
_encode: Final = msgspec.json.Encoder().encode


class Fanout:
    """Stands among the doors of a node that is one of several."""

    def __init__(
        self,
        settings: FanoutSettings,
        process: str,
        station: str,
        follower: Follower,
        signal_types: Mapping[str, type[Any]],
        split: Callable[[Any], Sequence[Any]],
        look: Callable[[], Awaitable[Report]],
        trouble: Callable[[], Sequence[Trouble]],
    ) -> None:
        """`process`: the name of this one. `signal_types`: what may be sent besides the log, by name; `split` makes pieces
        of one that fit into a message (64 KiB). `look`: how this process is; `trouble`: what keeps reports from it.
        """
        self._settings = settings
        self._subject = f"safezone.{station}.fanout"
        self._follower = follower
        self._decoders = {name: msgspec.json.Decoder(type_).decode for name, type_ in signal_types.items()}
        self._names = {type_: name for name, type_ in signal_types.items()}
        self._split = split
        self._process = process
        self._look_at_us, self._our_trouble = look, trouble
        self._others: dict[str, _Other] = {}
        self._began_s = time.monotonic()
        self._client = Client()
        self._was_connected = False
        self._heard = asyncio.Event()
        self._signals: list[Any] = []
        self._traces: dict[str, str] = {}
        self._unsent: tuple[int, list[Any], dict[str, str]] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Others are told and heard from now on; it does not wait for NATS."""
        loop = self._loop = asyncio.get_running_loop()
        self._follower.announce = self._announce
        self._tasks = [loop.create_task(each()) for each in (self._connect, self._look, self._tell_health)]

    async def stop(self) -> None:
        """Nobody is told any more."""
        self._follower.announce = lambda _seq, _signals, _traces: None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._client.is_connected:
            await self._client.close()

    def state(self) -> str:
        """Always `ok`: without NATS everything works, up to a second late."""
        return "ok"

    def check(self) -> Finding:
        """Whether the other processes hear of what is committed here at once."""
        return Finding() if self._client.is_connected else Finding("degraded", _ALONE)

    def check_other(self, process: str, *, presses_need_it: bool) -> Finding:
        """How another process is, as it said last; `down` only where presses are lost sight of without it."""
        worst: State = "down" if presses_need_it else "degraded"
        silent_s, report = self._silent_s(process), self._of(process).report
        if silent_s > SILENT_AFTER_S and self._client.is_connected:
            words = Words(
                th=f"กระบวนการ {process} เงียบมา {silent_s:.0f} วินาที",
                en=f"The process {process} has said nothing for {silent_s:.0f} s",
            )
            return Finding(worst, words)
        if report is None or report.state == "ok":
            return Finding()
        return Finding(report.state, report.notices[0].reason, {"parts": ", ".join(report.degraded)})

    def trouble(self, *, first: str, broker_is_here: bool) -> list[Trouble]:
        """What keeps reports from any process of the station, this one included.

        `first`: the process that takes the presses; it is silent where the presses do not come in. `broker_is_here`: NATS
        is the broker of the SOS points too, so what cannot reach it hears no press either.
        """
        found = set(self._our_trouble())
        for process in self._others:
            if self._silent_s(process) <= SILENT_AFTER_S:
                found.update(self._of(process).trouble)
        if first != self._process:
            lost = self._client.is_connected and self._silent_s(first) > SILENT_AFTER_S
            if lost or (broker_is_here and self._was_connected and not self._client.is_connected):
                found.add("doors")
        return sorted(found, reverse=True)

    def _of(self, process: str) -> _Other:
        return self._others.get(process, _Other(self._began_s, None, ()))

    def _silent_s(self, process: str) -> float:
        return time.monotonic() - self._of(process).at_s

    # ── telling ──

    def _announce(self, seq: int, signals: Sequence[Any], traces: Mapping[str, str]) -> None:
        """In the lane's thread; several commits of one turn of the loop are one message."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._gather, seq, signals, traces)

    def _gather(self, seq: int, signals: Sequence[Any], traces: Mapping[str, str]) -> None:
        if self._unsent is None:
            self._unsent = (seq, list(signals), dict(traces))
            asyncio.get_running_loop().call_soon(self._send_news)
        else:
            self._unsent = (seq, [*self._unsent[1], *signals], {**self._unsent[2], **traces})

    def _send_news(self) -> None:
        unsent, self._unsent = self._unsent, None
        if unsent is None:
            return
        seq, signals, traces = unsent
        known = [each for each in signals if type(each) in self._names]
        for piece in (piece for each in known for piece in self._split(each)):
            raw = msgspec.Raw(_encode(piece))
            self._publish(_News(self._process, seq, self._names[type(piece)], raw))
        if traces or not known:
            few = dict(islice(traces.items(), MOST_TRACES))
            self._publish(_News(self._process, seq, traces=few))

    def _publish(self, said: _News | _Health) -> None:
        if not self._client.is_connected:
            return
        task = asyncio.ensure_future(self._client.publish(self._subject, _encode(said)))
        task.add_done_callback(_told)

    async def _tell_health(self) -> None:
        while True:
            said = _Health(self._process, await self._look_at_us(), list(self._our_trouble()))
            self._publish(said)
            await asyncio.sleep(TELL_HEALTH_EVERY_S)

    # ── hearing ──

    async def _connect(self) -> None:
        """Connected, and again after every loss: the library sees to that once it was there the first time."""
        wanted = self._settings
        options: dict[str, Any] = {"user": wanted.username, "password": wanted.password}
        if wanted.credentials_file:
            options = {"user_credentials": wanted.credentials_file}
        await self._client.connect(
            wanted.servers,
            name=f"safezone-{self._process}",
            allow_reconnect=True,
            max_reconnect_attempts=-1,
            reconnect_time_wait=1,
            connect_timeout=2,
            ping_interval=5,
            max_outstanding_pings=2,
            error_cb=_complain,
            reconnected_cb=self._back,
            **options,
        )
        await self._client.subscribe(self._subject, cb=self._hear)
        self._was_connected = True

    async def _back(self) -> None:
        self._heard.set()

    async def _hear(self, message: Msg) -> None:
        try:
            said = _decode(message.data)
        except msgspec.DecodeError as problem:
            logger.warning("a message that is none of ours on %s: %s", self._subject, problem)
            return
        if said.process == self._process:
            return
        if isinstance(said, _Health):
            self._others[said.process] = _Other(time.monotonic(), said.report, said.trouble)
            return
        if said.name in self._decoders:
            self._signals.append(self._decoders[said.name](said.signal))
            self._heard.set()
        elif said.seq > self._follower.position:
            self._traces |= said.traces
            self._heard.set()

    async def _look(self) -> None:
        """What came in while we looked is looked at together."""
        while True:
            try:
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._heard.wait()
            except TimeoutError:
                pass
            self._heard.clear()
            signals, self._signals = self._signals, []
            traces, self._traces = self._traces, {}
            await asyncio.to_thread(self._follower.look, signals, traces)


def _told(done: asyncio.Future[None]) -> None:
    if not done.cancelled() and (problem := done.exception()) is not None:
        logger.warning("others were not told and look by themselves: %s", problem)


async def _complain(problem: Exception) -> None:
    if not isinstance(problem, (nats.errors.NoServersError, ConnectionError)):
        logger.warning("NATS: %s", problem)


_ALONE: Final = Words(
    th="ติดต่อ NATS ไม่ได้: จอของกระบวนการอื่นอาจช้าไปหนึ่งวินาที",
    en="NATS is not reached: the screens of other processes may be a second late",
)
