"""One connection to the broker: signing in, acknowledging, and noticing when nobody is there any more."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping
from typing import Final, cast

from safezone.core.i18n import Words
from safezone.entrypoints import mqtt_wire as wire

logger = logging.getLogger("safezone.mqtt")


class BrokerRefuses(Exception):
    """The broker has answered, and the answer is no."""

    def __init__(self, words: Words) -> None:
        super().__init__(words.en)
        self.words = words


_WORDS_OF_CODE: Final = {
    2: Words(th="โบรกเกอร์ไม่ยอมรับชื่อไคลเอนต์ของโปรแกรม", en="The broker refuses the client id of this program"),
    4: Words(th="โบรกเกอร์ไม่ยอมรับชื่อผู้ใช้หรือรหัสผ่าน", en="The broker refuses the user name or password"),
    5: Words(th="โบรกเกอร์ไม่ยอมรับชื่อผู้ใช้หรือรหัสผ่าน", en="The broker refuses the user name or password"),
}


class Link(asyncio.Protocol):
    """One connection to the broker, from CONNECT until it is lost; what it owes dies with it."""

    def __init__(self, take: Callable[[Link, wire.Message], None]) -> None:
        """`take` is called for each message in the order of their arrival; a message is owed an `answer`."""
        self._take = take
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._rest = b""
        self._out: list[bytes] = []
        self._packet_id = 0
        self._unconfirmed: set[int] = set()
        self._heard_s = self._loop.time()
        self._paused = False
        self._read_already: deque[wire.Message] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._answers: dict[int, asyncio.Future[bytes]] = {}
        self.unanswered: set[int] = set()
        """Packet ids that the broker still waits for; it uses none of them for another message until we answer."""
        self.closed = False
        self.lost: asyncio.Future[None] = self._loop.create_future()

    async def sign_in(
        self,
        client_id: str,
        username: str,
        password: str,
        filters: Mapping[str, int],
        keepalive_s: int,
        *,
        clean: bool = False,
    ) -> None:
        """The broker has accepted us and every subscription (filter: QoS); BrokerRefuses says what it did not accept.

        The session is a lasting one, unless `clean`: what comes while we are away is kept for `client_id`.
        """
        connected, subscribed = self._await(wire.CONNACK), self._await(wire.SUBACK)
        self._send(wire.connect(client_id, username, password, clean=clean, keepalive_s=keepalive_s))
        code = (await connected)[1]
        if code:
            unknown = Words(
                th=f"โบรกเกอร์ปฏิเสธการเชื่อมต่อ (รหัส {code})", en=f"The broker refuses us (code {code})"
            )
            raise BrokerRefuses(_WORDS_OF_CODE.get(code, unknown))
        self._beat(keepalive_s)
        self._send(wire.subscribe(self._next_packet_id(), filters))
        if any(code & 0x80 for code in (await subscribed)[2:]):
            raise BrokerRefuses(
                Words(
                    th="โบรกเกอร์ไม่ให้เรารับข้อความของเสา SOS",
                    en="The broker does not let us listen to the SOS points",
                )
            )

    def answer(self, message: wire.Message, reply: tuple[str, bytes] | None) -> None:
        """The reply (topic, payload) goes out, and after it the acknowledgement; neither if the connection is gone."""
        if self.closed:
            return
        if reply is not None:
            self.say(*reply)
        if message.packet_id:
            self.unanswered.discard(message.packet_id)
            self._send(wire.puback(message.packet_id))

    def say(self, topic: str, payload: bytes) -> None:
        """The message goes out at QoS 0: to whoever listens now."""
        self._send(wire.publish(topic, payload, 0))

    def say_kept(self, topic: str, payload: bytes) -> None:
        """The message goes out at QoS 1, so that the broker must keep it; nobody waits for its acknowledgement."""
        packet_id = self._next_packet_id()
        self._unconfirmed.add(packet_id)
        self._send(wire.publish(topic, payload, packet_id))

    def pause(self) -> None:
        """No more messages are taken until `resume`: the broker keeps them."""
        if not self._paused and self._transport is not None and not self._transport.is_closing():
            self._paused = True
            self._transport.pause_reading()

    def resume(self) -> None:
        """Messages are taken again, those first that had been read already."""
        if not self._paused or self._transport is None or self._transport.is_closing():
            return
        self._paused = False
        while self._read_already and not self._paused:
            self._take(self, self._read_already.popleft())
        if not self._paused:
            self._heard_s = self._loop.time()
            self._transport.resume_reading()

    async def leave(self, timeout_s: float) -> None:
        """Everything written has been sent and the connection is closed, by force after `timeout_s`."""
        self._send(wire.DISCONNECT)
        self._flush()
        if self._transport is not None:
            self._transport.close()
        await asyncio.wait([self.lost], timeout=timeout_s)
        self.abort()

    def abort(self) -> None:
        """The connection is dropped at once, with everything that was not sent."""
        if self._transport is not None:
            self._transport.abort()

    # ── what the event loop calls ──

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        if self._timer is not None:
            self._timer.cancel()
        for each in self._answers.values():
            if not each.done():
                each.set_exception(exc or ConnectionResetError("the broker closed the connection"))
        self._answers.clear()
        self.lost.set_result(None)

    def data_received(self, data: bytes) -> None:
        self._heard_s = self._loop.time()
        try:
            packets, self._rest = wire.split(self._rest + data if self._rest else data)
            for first_byte, body in packets:
                self._receive(first_byte, body)
        except wire.MalformedPacket as problem:
            logger.warning("ข้อมูลจากโบรกเกอร์ไม่ใช่ MQTT / what the broker sends is not MQTT: %s", problem)
            self.abort()

    # ── inside ──

    def _receive(self, first_byte: int, body: bytes) -> None:
        kind = first_byte >> 4
        if kind == wire.PUBLISH:
            message = wire.read_message(first_byte, body)
            if self._paused:
                self._read_already.append(message)
            else:
                self._take(self, message)
        elif kind == wire.PUBACK and len(body) >= 2:
            self._unconfirmed.discard((body[0] << 8) | body[1])
        elif kind in self._answers:
            if len(body) < 2:
                raise wire.MalformedPacket("an answer that ends too early")
            answer = self._answers.pop(kind)
            if not answer.done():
                answer.set_result(body)

    def _await(self, kind: int) -> asyncio.Future[bytes]:
        future: asyncio.Future[bytes] = self._loop.create_future()
        # Nobody may be waiting any more when the connection breaks.
        future.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._answers[kind] = future
        return future

    def _next_packet_id(self) -> int:
        """A packet id that the broker does not hold; with all of them in use the oldest is as good as any."""
        for _ in range(0xFFFF):
            self._packet_id = self._packet_id % 0xFFFF + 1
            if self._packet_id not in self._unconfirmed:
                break
        return self._packet_id

    def _send(self, packet: bytes) -> None:
        """Packets of one turn of the loop go out in one write."""
        if not self._out:
            self._loop.call_soon(self._flush)
        self._out.append(packet)

    def _flush(self) -> None:
        if self._out and self._transport is not None and not self._transport.is_closing():
            self._transport.write(b"".join(self._out))
        self._out.clear()

    def _beat(self, keepalive_s: int) -> None:
        """Ask for a sign of life; a broker that gives none for one and a half intervals is gone."""
        if not self._paused and self._loop.time() - self._heard_s > keepalive_s * 1.5:
            self.abort()
            return
        self._send(wire.PING)
        self._timer = self._loop.call_later(keepalive_s / 2, self._beat, keepalive_s)
