"""What the poles say over MQTT: a press becomes an incident and a receipt, a heartbeat a sign of life."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime
from typing import Annotated, Final

import msgspec

from safezone.assets.commands import KeepProbe
from safezone.assets.heartbeat import decode_heartbeat
from safezone.core.desk import Desk
from safezone.core.errors import Refused
from safezone.core.i18n import Words
from safezone.core.identity import Identity, system
from safezone.entrypoints.mqtt import PROBE_POINT, Reply, SosTopic, parse_topic, receipt_topic
from safezone.entrypoints.pacing import Allowance, Turns
from safezone.incidents.commands import CountPresses, KeepRefusedMessage
from safezone.incidents.intake import sos_point
from safezone.incidents.views import Receipt

logger = logging.getLogger("safezone.poles")

AT_ONCE: Final = 16
"""Of one pole on their way to disk; what else it says waits, and what the other poles say passes by."""
MOST_OF_ONE: Final = 128
"""Messages of one pole that wait; it leaves room among those that the broker hands over at once (1,024) for others."""
KEPT_PER_S: Final = 1.0
KEPT_AT_ONCE: Final = 60
"""Messages without sense that are kept of one topic: enough to see what is wrong, too few to fill the disk."""


class _ProbePress(msgspec.Struct, frozen=True):
    n: int
    at: Annotated[str, msgspec.Meta(max_length=40)]


_decode_probe: Final = msgspec.json.Decoder(_ProbePress).decode


class _Crowd:
    """Presses of one pole beyond those that wait for their turn: they are counted together."""

    def __init__(self, first_at: datetime) -> None:
        self.first_at = first_at
        self.numbers: list[int] = []
        """As the pole counts them, of all but the first."""
        self.counted: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class Poles:
    """Handles what comes in from SOS points; whatever makes no sense is kept and never stops the next message."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._turns = Turns(AT_ONCE)
        self._crowds: dict[str, _Crowd] = {}
        self._kept = Allowance(KEPT_PER_S, KEPT_AT_ONCE)

    async def on_message(self, topic: str, payload: bytes) -> Reply | None:
        """Returns after the commit, with the receipt of a press; raises Unavailable when nothing could be stored."""
        said = parse_topic(topic)
        if said is None or said.station != self._desk.station:
            await self._keep(topic, payload, _NO_TOPIC)
            return None
        if said.point == PROBE_POINT:
            return await self._probe(said, payload)
        who = Identity(said.station, "sos_point", said.point, point_id=said.point)
        try:
            if said.what == "press":
                return await self._press_in_turn(said, payload, who)
            if self._turns.waiting(said.point) < MOST_OF_ONE:
                async with self._turns.turn(said.point):
                    await self._desk.execute(decode_heartbeat(said.point, payload), who)
        except Refused as problem:
            await self._keep(topic, payload, problem.words)
        return None

    async def _press_in_turn(self, said: SosTopic, payload: bytes, who: Identity) -> Reply | None:
        """The receipt; None for a press beyond those of this pole that wait already, once it is counted on disk.

        Such a press joins the incident of those before it. It gets no receipt, so a pole that means it says it again.
        """
        if self._turns.waiting(said.point) < MOST_OF_ONE:
            async with self._turns.turn(said.point):
                return self._receipt_for(said, *await self._press(said, payload, who))
        press = sos_point.decode(said.station, said.point, payload, self._desk.clock.now()).press
        crowd = self._crowds.get(said.point)
        if crowd is not None:
            crowd.numbers.append(press.n)
            await asyncio.shield(crowd.counted)
            return None
        crowd = self._crowds[said.point] = _Crowd(self._desk.clock.now())
        try:
            return await self._lead(crowd, said, payload, who)
        except Exception as problem:
            crowd.counted.set_exception(problem)
            crowd.counted.exception()  # Often nobody waits for it.
            raise
        finally:
            crowd.counted.cancel()  # Only where nothing was said yet: the program is ending.
            if self._crowds.get(said.point) is crowd:
                del self._crowds[said.point]

    async def _lead(self, crowd: _Crowd, said: SosTopic, payload: bytes, who: Identity) -> Reply:
        """The first of a crowd is a press like any other; when it is stored, those who came after it are counted."""
        async with self._turns.turn(said.point):
            del self._crowds[said.point]  # Whoever comes from now on is the next crowd.
            decoded, receipt = await self._press(said, payload, who)
            if crowd.numbers:
                counted = CountPresses(
                    incident_id=receipt.incident_id, sos_point=said.point, count=len(crowd.numbers),
                    lowest_n=min(crowd.numbers), highest_n=max(crowd.numbers), first_at=crowd.first_at,
                )  # fmt: skip
                await self._desk.execute(counted, who)
        crowd.counted.set_result(None)
        return self._receipt_for(said, decoded, receipt)

    async def _press(
        self, said: SosTopic, payload: bytes, who: Identity
    ) -> tuple[sos_point.Decoded, Receipt]:
        decoded = sos_point.decode(said.station, said.point, payload, self._desk.clock.now())
        receipt: Receipt = await self._desk.execute(decoded.command, who)
        if decoded.complaint is not None and not receipt.repeated:
            await self._keep(f"safezone/{said.station}/sos/{said.point}/press", payload, decoded.complaint)
        return decoded, receipt

    def _receipt_for(self, said: SosTopic, decoded: sos_point.Decoded, receipt: Receipt) -> Reply:
        return Reply(
            receipt_topic(said.station, said.point), sos_point.encode_receipt(decoded.press, receipt)
        )

    async def _probe(self, said: SosTopic, payload: bytes) -> Reply | None:
        """A synthetic press: kept as the last of its kind, and receipted after its commit like any other."""
        try:
            probe = _decode_probe(payload)
        except msgspec.DecodeError:
            return None
        if self._turns.waiting(said.point) >= AT_ONCE:
            return None  # Nobody presses it so often: whoever does is not the program.
        async with self._turns.turn(said.point):
            await self._desk.execute(KeepProbe(said.point), system(said.station, "probe"))
        receipt = {"n": probe.n, "status": "stored", "at": probe.at}
        return Reply(receipt_topic(said.station, said.point), msgspec.json.encode(receipt))

    async def _keep(self, topic: str, payload: bytes, why: Words) -> None:
        if self._kept.take(topic):
            return
        logger.warning("a message on %s was kept but not understood: %s", topic, why.en)
        kept = KeepRefusedMessage("mqtt", topic, payload, why.th, why.en)
        await self._desk.execute(kept, system(self._desk.station, "mqtt"))


_NO_TOPIC = Words(
    th="หัวข้อไม่ถูกต้อง: ต้องเป็น safezone/<สถานี>/sos/<เสา>/press หรือ …/heartbeat",
    en="Not a topic of an SOS point: safezone/<station>/sos/<point>/press or …/heartbeat.",
)
