"""What the poles say over MQTT: a press becomes an incident and a receipt, a heartbeat a sign of life."""

from __future__ import annotations

import logging

from safezone.assets.heartbeat import decode_heartbeat
from safezone.core.desk import Desk
from safezone.core.errors import Refused
from safezone.core.i18n import Words
from safezone.core.identity import Identity, system
from safezone.entrypoints.mqtt import Reply, SosTopic, parse_topic, receipt_topic
from safezone.incidents.commands import KeepRefusedMessage
from safezone.incidents.intake import sos_point

logger = logging.getLogger("safezone.poles")


class Poles:
    """Handles what comes in from SOS points; whatever makes no sense is kept and never stops the next message."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def on_message(self, topic: str, payload: bytes) -> Reply | None:
        """Returns after the commit, with the receipt of a press; raises Unavailable when nothing could be stored."""
        said = parse_topic(topic)
        if said is None or said.station != self._desk.station:
            await self._keep(topic, payload, _NO_TOPIC)
            return None
        who = Identity(said.station, "sos_point", said.point, point_id=said.point)
        try:
            if said.what == "press":
                return await self._press(said, payload, who)
            await self._desk.execute(decode_heartbeat(said.point, payload), who)
        except Refused as problem:
            await self._keep(topic, payload, problem.words)
        return None

    async def _press(self, said: SosTopic, payload: bytes, who: Identity) -> Reply:
        decoded = sos_point.decode(said.station, said.point, payload, self._desk.clock.now())
        receipt = await self._desk.execute(decoded.command, who)
        if decoded.complaint is not None and not receipt.repeated:
            await self._keep(f"safezone/{said.station}/sos/{said.point}/press", payload, decoded.complaint)
        return Reply(
            receipt_topic(said.station, said.point), sos_point.encode_receipt(decoded.press, receipt)
        )

    async def _keep(self, topic: str, payload: bytes, why: Words) -> None:
        logger.warning("a message on %s was kept but not understood: %s", topic, why.en)
        kept = KeepRefusedMessage("mqtt", topic, payload, why.th, why.en)
        await self._desk.execute(kept, system(self._desk.station, "mqtt"))


_NO_TOPIC = Words(
    th="หัวข้อไม่ถูกต้อง: ต้องเป็น safezone/<สถานี>/sos/<เสา>/press หรือ …/heartbeat",
    en="Not a topic of an SOS point: safezone/<station>/sos/<point>/press or …/heartbeat.",
)
