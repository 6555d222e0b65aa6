"""A synthetic press every minute, by the road of a real one: broker, door, lane, disk, receipt.

It signs in at the broker as a pole does, with a secret of its own, and presses the point `_probe`, which no station can
have. The press opens no incident and is counted nowhere; its receipt comes, as every receipt, after the commit.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from safezone.core.clock import Clock
from safezone.core.errors import CannotStart
from safezone.core.i18n import Words
from safezone.core.settings import Settings
from safezone.entrypoints.broker.config import Device, hash_password
from safezone.entrypoints.figures import ProbeFigures
from safezone.entrypoints.health import Finding
from safezone.entrypoints.mqtt import PROBE_POINT, MqttSettings, receipt_topic
from safezone.entrypoints.mqtt_link import BrokerRefuses, Link
from safezone.entrypoints.own_link import OwnLink

logger = logging.getLogger("safezone.probe")

FIRST_AFTER_S: Final = 3.0
"""After the start: the broker has the list of poles by then."""
LIMIT_S: Final = 10.0
"""Within this time the receipt must be there."""
AGAIN_S: Final = 5.0
"""One that was missed is followed by another so soon: people are waiting to know."""
MISSES: Final = 2
"""So many missed in a row are an alarm; one alone can be a restart of the broker."""


class Login(msgspec.Struct, frozen=True):
    """As whom the probe signs in."""

    username: str
    password: str


def probe_login(settings: Settings, station: str, door: MqttSettings) -> Login:
    """At the embedded broker a new secret at each start (it hears the hash with the list of poles); at your own broker
    the user of the settings, or the program's own. CannotStart when its password cannot be read.
    """
    if not settings.broker.host:
        return Login(f"{station}.{PROBE_POINT}", secrets.token_urlsafe(24))
    if not settings.probe.username:
        return Login(door.username, door.password)
    try:
        return Login(settings.probe.username, Path(settings.probe.password_file).read_text("utf-8").strip())
    except OSError as problem:
        raise CannotStart(
            Words(
                th=f"อ่านรหัสผ่านของการกดทดสอบไม่ได้: {problem}",
                en=f"The password of the synthetic press cannot be read: {problem}",
            )
        ) from problem


def device_of(station: str, login: Login) -> Device:
    """The probe among the poles that may sign in at the embedded broker."""
    return Device(login.username, hash_password(login.password), station, PROBE_POINT)


class Probe:
    """Presses again and again, and says when no receipt comes."""

    def __init__(
        self,
        settings: MqttSettings,
        station: str,
        login: Login,
        clock: Clock,
        figures: ProbeFigures,
        *,
        every_s: float,
    ) -> None:
        """`every_s`: seconds between two presses."""
        self._settings, self._station, self._login = settings, station, login
        self._clock, self._figures = clock, figures
        self._every_s = every_s
        self._link = OwnLink(settings, self._sign_in, self._hear)
        self._expected = ""
        self._heard = asyncio.Event()
        self._misses = 0
        self._why: Words | None = None
        self._last_at: datetime | None = None
        self._last_s: float | None = None
        self._n = 0

    def start(self) -> None:
        """It presses from now on."""
        self._link.start(self._run(), "probe")

    async def stop(self) -> None:
        """It presses no more."""
        await self._link.stop()

    def check(self) -> Finding:
        """Never `down` by itself: what is broken says so too, and this says that it matters."""
        figures = {
            "every_s": self._every_s,
            "last_receipt_at": None if self._last_at is None else self._last_at.isoformat(timespec="seconds"),
            "last_took_s": self._last_s,
            "missed_in_a_row": self._misses,
        }
        if self._misses < MISSES:
            return Finding(figures=figures)
        why = self._why or _NO_RECEIPT
        words = Words(
            th=f"การกดทดสอบไม่ได้รับใบตอบรับ {self._misses} ครั้งติดกัน: {why.th} — ลองกดเสาจริงหนึ่งต้น",
            en=f"{self._misses} synthetic presses in a row had no receipt: {why.en} — press a real pole to see",
        )
        return Finding("degraded", words, figures)

    async def _run(self) -> None:
        await asyncio.sleep(min(FIRST_AFTER_S, self._every_s))
        while True:
            self._note(await self._press())
            await asyncio.sleep(min(AGAIN_S, self._every_s) if self._misses else self._every_s)

    def _note(self, took_s: float | None) -> None:
        if took_s is not None:
            self._misses, self._why = 0, None
            self._last_at, self._last_s = self._clock.now(), round(took_s, 4)
            self._figures.took.add(took_s)
            return
        self._misses += 1
        self._figures.missed += 1
        logger.log(
            logging.ERROR if self._misses == MISSES else logging.WARNING,
            "การกดทดสอบไม่ได้รับใบตอบรับ / no receipt for a synthetic press: %s",
            self._why or _NO_RECEIPT,
        )

    async def _press(self) -> float | None:
        """Seconds until the receipt; None when there was none in time."""
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        self._figures.sent += 1
        try:
            async with asyncio.timeout(LIMIT_S):
                link = await self._link.connected()
                began_s = loop.time()
                self._n += 1
                self._expected = self._clock.now().isoformat(timespec="microseconds")
                self._heard.clear()
                said = {"n": self._n, "at": self._expected, "kind": "probe"}
                link.say_kept(f"safezone/{self._station}/sos/{PROBE_POINT}/press", msgspec.json.encode(said))
                await self._heard.wait()
        except BrokerRefuses as problem:
            self._why = problem.words
        except TimeoutError:
            self._why = _NO_RECEIPT
        except OSError as problem:
            self._why = Words(
                th=f"ติดต่อโบรกเกอร์ไม่ได้: {problem}", en=f"the broker cannot be reached: {problem}"
            )
        else:
            return loop.time() - began_s
        self._link.abort()
        return None

    async def _sign_in(self, link: Link) -> None:
        await link.sign_in(
            f"{self._station}-probe-{secrets.token_hex(4)}",
            self._login.username,
            self._login.password,
            {receipt_topic(self._station, PROBE_POINT): 0},
            self._settings.keepalive_s,
            clean=True,
        )

    def _hear(self, payload: bytes) -> None:
        try:
            said = msgspec.json.decode(payload)
        except msgspec.DecodeError:
            return
        if isinstance(said, dict) and said.get("at") == self._expected and said.get("status") == "stored":
            self._heard.set()


_NO_RECEIPT: Final = Words(th=f"ไม่มีใบตอบรับภายใน {LIMIT_S:.0f} วินาที", en=f"no receipt within {LIMIT_S:.0f} s")
