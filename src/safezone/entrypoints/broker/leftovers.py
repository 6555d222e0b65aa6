"""Takes the presses out of what was set aside of the broker's files, and says for as long as it lies there that it does.

A pole that knows only PUBACK was told that its press had arrived. Where the broker's store could not be opened any more
(mend.py), the press may still stand in it: it goes the same road as one that comes in by MQTT, and one that had
been stored already is the same report.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from safezone.core.errors import Unavailable
from safezone.core.i18n import Words
from safezone.entrypoints.broker import files
from safezone.entrypoints.broker.mend import Aside, list_aside, note_taken
from safezone.entrypoints.health import Finding
from safezone.entrypoints.mqtt import PROBE_POINT, Reply, parse_topic

logger = logging.getLogger("safezone.broker")

Take = Callable[[str, bytes], Awaitable[Reply | None]]
LOOK_EVERY_S: Final = 4.0
AT_ONCE: Final = 16
"""Fewer than the presses of one pole that are stored one by one (poles.py): none of these may be only counted."""


class Leftovers:
    """Stands among the doors of the node: presses come in by it."""

    def __init__(self, directory: Path, station: str, take: Take) -> None:
        """`take(topic, payload)` returns when the message is on disk."""
        self._directory = directory
        self._station = station
        self._take = take
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """What was set aside is looked for from now on, and whenever the broker is started again."""
        self._task = asyncio.get_running_loop().create_task(self._keep_looking(), name="broker-leftovers")

    async def stop(self) -> None:
        """No more is taken; what is not done is done the next time."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def state(self) -> str:
        """Always `ok`: presses come in, whatever lies there."""
        return "ok"

    def look(self) -> Finding:
        """What lies there for a person."""
        return check_aside(self._directory)

    async def _keep_looking(self) -> None:
        while True:
            for aside in list_aside(self._directory):
                if aside.taken is None:
                    # Whatever stands in the way: it lies there, and is tried again.
                    with suppress(Unavailable, OSError):
                        await self._take_out_of(aside)
            await asyncio.sleep(LOOK_EVERY_S)

    async def _take_out_of(self, aside: Aside) -> None:
        presses = await asyncio.to_thread(_read_presses, aside, self._station)
        for first in range(0, len(presses), AT_ONCE):
            await asyncio.gather(*(self._take(*each) for each in presses[first : first + AT_ONCE]))
        note_taken(aside, len(presses))
        logger.warning("%s", _words_of(aside._replace(taken=len(presses))))


def check_aside(directory: Path) -> Finding:
    """Something lies there for a person; never `down`, because what could be read of it has been taken."""
    found = list_aside(directory)
    if not found:
        return Finding()
    return Finding("degraded", _words_of(found[-1]), {"set_aside": len(found)})


def _words_of(aside: Aside) -> Words:
    what_th = "ที่เก็บข้อความทั้งหมด" if aside.whole else "บางส่วน"
    what_en = "all it kept" if aside.whole else "a part"
    count = "…" if aside.taken is None else aside.taken
    return Words(
        th=f"ไฟล์ของโบรกเกอร์เสียหาย ({what_th}) ย้ายไปไว้ที่ {aside.folder} อ่านการแจ้งเหตุในนั้นได้ {count} รายการ: "
        "ตรวจดิสก์ แล้วย้ายโฟลเดอร์นี้ออก (broker.md)",
        en=f"The broker's files were torn ({what_en}) and set aside in {aside.folder}; presses read from there: {count}. "
        "Check the disk, then take that folder away (broker.md)",
    )


def _read_presses(aside: Aside, station: str) -> list[tuple[str, bytes]]:
    """Topic and payload of every press in it, in the order in which the broker had got them."""
    whole = aside.folder / "store" / files.STREAMS / files.MESSAGES / "msgs"
    messages = [
        each for folder in (whole, aside.folder / "msgs") for each in files.read_all(files.blocks_of(folder))
    ]
    said = [(files.topic_of(each) or "", each.payload) for each in messages]
    return [(topic, payload) for topic, payload in said if _is_press(topic, station)]


def _is_press(topic: str, station: str) -> bool:
    said = parse_topic(topic)
    return said is not None and (said.station, said.what) == (station, "press") and said.point != PROBE_POINT
