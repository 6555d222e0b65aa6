"""The door of the SOS points: every press is handed in, and the broker hears "received" only after it is on disk.

Why it is not a kept MQTT library, and why there is a broker at all: docs/4-decisions/0002-mqtt-door.md.
What the door promises:

- A message is acknowledged to the broker only after `on_message` has finished with it, on the very connection that
  brought it. An acknowledgement on a later connection could name another message, which would then be lost.
- The receipt is sent before the acknowledgement. If the line breaks between the two, the broker brings the message
  again; and whoever has no receipt presses again.
- While `on_message` fails (the database is away), the message is tried again and again and never acknowledged; other
  messages pass it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import ssl
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import Final, Literal, NamedTuple

import msgspec

from safezone.core.clock import Clock, SystemClock
from safezone.core.i18n import Words
from safezone.entrypoints import mqtt_wire as wire
from safezone.entrypoints.mqtt_link import BrokerRefuses, Link
from safezone.entrypoints.tls import pinned_context

logger = logging.getLogger("safezone.mqtt")

CONNECT_TIMEOUT_S: Final = 10.0
SETTLED_AFTER_S: Final = 2.0
"""A connection that lasted this long was a good one: the next attempt after it comes at once again."""
PROBE_POINT: Final = "_probe"
"""The point that the program itself presses to see whether the road is open; no station set can have it."""
LONGEST_UNCONNECTED_S: Final = 1.0
LONGEST_UNSTORED_S: Final = 5.0
"""Between two attempts. An attempt to connect costs next to nothing; thousands of messages may be waiting to be stored."""

What = Literal["press", "receipt", "heartbeat"]


class SosTopic(NamedTuple):
    """Whose message it is, and of what sort."""

    station: str
    point: str
    what: What


class Reply(NamedTuple):
    """What is sent back once a message is on disk, at QoS 0: a pole repeats its press until it hears, and a receipt that
    waits at the broker for a pole that is away could be taken for that of a later press.
    """

    topic: str
    payload: bytes
    sent: Callable[[], None] | None = None
    """Called when it was handed to the broker."""


OnMessage = Callable[[str, bytes], Awaitable[Reply | None]]


class MqttSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the broker is and as whom we sign in."""

    host: str
    port: int
    username: str
    password: str
    client_id: str
    """Names the session that the broker keeps for us. Whoever signs in under it throws us out: not to be guessed."""
    tls_ca_file: str = ""
    """Certificate authority of the broker; empty means no TLS."""
    tls_own_certificate: str = ""
    """Certificate of the embedded broker: exactly this one is believed."""
    keepalive_s: int = 20
    max_in_flight: int = 4096
    """Messages being handled at once; above it the door stops reading until some are done."""


class DoorStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How the door stands, for /readyz and for a technician."""

    connected: bool
    since_at: datetime
    """Since when it is connected, or since when it is not."""
    last_error: Words | None
    in_flight: int
    """Messages that are not on disk yet."""
    failing: int
    """Those among them that have failed at least once and are tried again."""
    answered: int
    """Messages dealt with since the program started."""
    received: int
    """Messages that came in, each counted once however often it is tried."""
    receipts: int
    """Receipts that were handed to the broker."""
    connects: int
    """How often it has connected since the program started."""


def tls_context(wanted: MqttSettings) -> ssl.SSLContext | None:
    """How the broker proves who it is; None without TLS. OSError when the certificate cannot be read."""
    if wanted.tls_own_certificate:
        return pinned_context(wanted.tls_own_certificate)
    return ssl.create_default_context(cafile=wanted.tls_ca_file) if wanted.tls_ca_file else None


def parse_topic(topic: str) -> SosTopic | None:
    """The parts of `safezone/<station>/sos/<point>/<press|receipt|heartbeat>`; None for any other topic."""
    match topic.split("/"):
        case ["safezone", station, "sos", point, ("press" | "receipt" | "heartbeat") as what] if (
            station and point
        ):
            return SosTopic(station, point, what)
    return None


def receipt_topic(station: str, point: str) -> str:
    """Where a pole listens for its receipts."""
    return f"safezone/{station}/sos/{point}/receipt"


def filters_of(station: str) -> dict[str, int]:
    """What the door listens to, each with its QoS. A heartbeat missed is no harm: the next one follows."""
    return {f"safezone/{station}/sos/+/press": 1, f"safezone/{station}/sos/+/heartbeat": 0}


def backoff_s(failures: int, luck: float, longest_s: float) -> float:
    """Seconds until the next attempt: doubling from 0.1 s, with `luck` (0 to 1) so that not all come at once."""
    return min(longest_s, 0.1 * 2.0 ** min(failures, 16)) * (0.5 + luck / 2)


class MqttDoor:
    """Takes messages from the broker for as long as the program runs, through every restart of the broker."""

    def __init__(
        self, settings: MqttSettings, station: str, on_message: OnMessage, clock: Clock | None = None
    ) -> None:
        """`on_message(topic, payload)` returns after the commit, with the reply if there is one; it raises if it could
        not store the message. What makes no sense it keeps and returns None: only what cannot be stored comes again.
        """
        self._settings = settings
        self._filters = filters_of(station)
        self._on_message = on_message
        self._clock = clock or SystemClock()
        self._link: Link | None = None
        self._connected = False
        self._since_at = self._clock.now()
        self._connecting: asyncio.Task[None] | None = None
        self._running: set[asyncio.Future[Reply | None]] = set()
        self._failing = 0
        self._answered = 0
        self._connects = 0
        self._received = 0
        self._receipts = 0
        self._stopping = False
        self._trouble = _Trouble()

    def status(self) -> DoorStatus:
        """How the door stands at this moment."""
        return DoorStatus(
            connected=self._connected,
            since_at=self._since_at,
            last_error=self._trouble.words,
            in_flight=len(self._running) + self._failing,
            failing=self._failing,
            answered=self._answered,
            received=self._received,
            receipts=self._receipts,
            connects=self._connects,
        )

    def start(self) -> None:
        """The door connects, and connects again whenever it must, until `stop`. It does not wait for the broker."""
        self._connecting = asyncio.get_running_loop().create_task(self._stay_connected(), name="mqtt-door")

    async def stop(self, grace_s: float = 5.0) -> None:
        """No more is read, what is under way is finished and acknowledged, and the door has left the broker.

        What is not done after `grace_s` is left unacknowledged: the broker brings it next time.
        """
        self._stopping = True
        if self._link is not None:
            self._link.pause()
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=grace_s)
            for each in late:
                each.cancel()
        # Futures tell their callbacks on the next turn of the loop; those send the last receipts.
        await asyncio.sleep(0)
        if self._link is not None:
            await self._link.leave(timeout_s=1.0)
        if self._connecting is not None:
            self._connecting.cancel()
            await asyncio.gather(self._connecting, return_exceptions=True)

    # ── one message ──

    def _take(self, link: Link, message: wire.Message) -> None:
        if message.packet_id in link.unanswered:
            return  # The broker asks again for what is still under way.
        if message.packet_id:
            link.unanswered.add(message.packet_id)
        self._received += 1
        self._attempt(link, message, 0)
        if len(self._running) + self._failing >= self._settings.max_in_flight:
            link.pause()

    def _attempt(self, link: Link, message: wire.Message, failures: int) -> None:
        try:
            future = asyncio.ensure_future(self._on_message(message.topic, message.payload))
        except Exception as problem:
            self._put_off(link, message, failures, problem)
            return
        self._running.add(future)
        future.add_done_callback(partial(self._settle, link, message, failures))

    def _attempt_again(self, link: Link, message: wire.Message, failures: int) -> None:
        self._failing -= 1
        # If not, it stays unacknowledged, and the broker brings it again.
        if not link.closed and not self._stopping:
            self._attempt(link, message, failures)
        self._read_on()

    def _settle(
        self, link: Link, message: wire.Message, failures: int, future: asyncio.Future[Reply | None]
    ) -> None:
        self._running.discard(future)
        if future.cancelled() and self._stopping:
            return
        problem = asyncio.CancelledError() if future.cancelled() else future.exception()
        if problem is not None:
            self._put_off(link, message, failures, problem)
        else:
            self._answered += 1
            reply = future.result()
            self._receipts += reply is not None
            link.answer(message, None if reply is None else (reply.topic, reply.payload))
            if reply is not None and reply.sent is not None:
                reply.sent()
            if failures and not self._failing:
                self._trouble.over("store")
        self._read_on()

    def _read_on(self) -> None:
        room = len(self._running) + self._failing < self._settings.max_in_flight
        if self._link is not None and room and not self._stopping:
            self._link.resume()

    def _put_off(self, link: Link, message: wire.Message, failures: int, problem: BaseException) -> None:
        """It is tried again in a while: MQTT 3.1.1 itself brings a message again only after a reconnect."""
        self._trouble.tell(
            "store",
            Words(
                th=f"ยังบันทึกข้อความจาก {message.topic} ไม่ได้ จะลองใหม่: {_one_line(problem)}",
                en=f"A message on {message.topic} could not be stored and will be tried again: {_one_line(problem)}",
            ),
        )
        if message.packet_id and not link.closed:
            self._failing += 1
            delay_s = backoff_s(failures, random.random(), LONGEST_UNSTORED_S)  # noqa: S311 - no secret
            asyncio.get_running_loop().call_later(delay_s, self._attempt_again, link, message, failures + 1)

    # ── the connection ──

    async def _stay_connected(self) -> None:
        loop = asyncio.get_running_loop()
        where = f"{self._settings.host}:{self._settings.port}"
        failures = 0
        while not self._stopping:
            began_s = loop.time()
            try:
                link = await self._connect()
            except Exception as problem:
                self._trouble.tell("connect", _cannot_connect(where, problem))
            else:
                self._connected, self._since_at = True, self._clock.now()
                self._connects += 1
                self._trouble.over("connect")
                logger.info("เชื่อมต่อกับโบรกเกอร์แล้ว / connected to the broker at %s", where)
                await link.lost
                self._connected, self._since_at = False, self._clock.now()
                if not self._stopping:
                    self._trouble.tell("connect", _gone(where))
            failures = 0 if loop.time() - began_s > SETTLED_AFTER_S else failures + 1
            await asyncio.sleep(backoff_s(failures, random.random(), LONGEST_UNCONNECTED_S))  # noqa: S311

    async def _connect(self) -> Link:
        """A link on which the broker has accepted us and our subscriptions; raises what stood in the way."""
        wanted = self._settings
        context = tls_context(wanted)
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            _, link = await loop.create_connection(
                lambda: Link(self._take), wanted.host, wanted.port, ssl=context
            )
            self._link = link
            try:
                await link.sign_in(
                    wanted.client_id, wanted.username, wanted.password, self._filters, wanted.keepalive_s
                )
            except BaseException:
                link.abort()
                raise
        return link


class _Trouble:
    """What is wrong now: told in one line when it begins, and at most once in ten seconds while it lasts."""

    def __init__(self) -> None:
        self.words: Words | None = None
        self._sort = ""
        self._told_s = 0.0

    def tell(self, sort: str, words: Words) -> None:
        now_s = time.monotonic()
        if sort != self._sort or now_s - self._told_s > 10.0:
            logger.warning("%s", words)
            self._told_s = now_s
        self.words, self._sort = words, sort

    def over(self, sort: str) -> None:
        if sort == self._sort:
            self.words, self._sort = None, ""


def _cannot_connect(where: str, problem: Exception) -> Words:
    if isinstance(problem, BrokerRefuses):
        return problem.words
    return Words(
        th=f"ติดต่อโบรกเกอร์ {where} ไม่ได้: {_one_line(problem)}",
        en=f"Cannot reach the broker at {where}: {_one_line(problem)}",
    )


def _gone(where: str) -> Words:
    return Words(
        th=f"การเชื่อมต่อกับโบรกเกอร์ {where} ขาด กำลังเชื่อมต่อใหม่",
        en=f"The broker at {where} has gone; connecting again",
    )


def _one_line(problem: BaseException) -> str:
    if isinstance(problem, OSError) and problem.errno and problem.errno > 0:
        return os.strerror(problem.errno)
    return " ".join(str(problem).split()) or type(problem).__name__
