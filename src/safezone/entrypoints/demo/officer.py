"""A make-believe patrol: walks or rides its round, tells where it is, and goes where it is sent.

It has the token of its unit and uses the doors that an officer's phone uses: duty and jobs over HTTP, the live feed,
and its position by the OsmAnd protocol.
"""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import suppress
from typing import Any, Final
from urllib.parse import urlencode

from safezone.entrypoints.demo.doors import Away, Door, Refused
from safezone.entrypoints.demo.streets import Place, Streets, advance, distance_m, heading_deg

ROUND_KMH: Final = {"foot": 4.5, "motorcycle": 26.0, "car": 22.0}
CALLED_KMH: Final = {"foot": 9.0, "motorcycle": 38.0, "car": 34.0}
"""On a call: quicker than on the round, and still within a town's limits."""
FASTEST_KMH: Final = {"foot": 100.0, "motorcycle": 180.0, "car": 180.0}
"""However fast a scenario is played: quicker than this the station rightly calls impossible."""
FIX_S: Final = 2.5
SHORTEST_FIX_S: Final = 0.25
STANDING_FIXES: Final = 4
"""Standing still, only each fourth fix is sent."""
KNOTS_PER_KMH: Final = 1 / 1.852
THERE_M: Final = 12.0
ACCEPT_S: Final = (2.0, 5.0)
SET_OUT_S: Final = (1.0, 2.0)
STOP_S: Final = (6.0, 25.0)
STOPS_AT_CROSSINGS: Final = 0.2
_DONE: Final = ("cleared", "refused")


class Officer:
    """One unit on duty."""

    def __init__(self, unit: dict[str, Any], door: Door, streets: Streets, speed: float = 1.0) -> None:
        """`unit` is its UnitView; with `speed` 10 a minute of its life takes six seconds."""
        self.unit_id: str = unit["id"]
        self.on_duty = asyncio.Event()
        self.placed = asyncio.Event()
        """Set once the station knows where it is."""
        self._kind: str = unit["kind"]
        self._door = door
        self._streets = streets
        self._speed = speed
        self._tick_s = max(SHORTEST_FIX_S, FIX_S / speed)
        self._lot = random.Random(self.unit_id)  # noqa: S311 - the same round at each start, so that a demonstration can be shown twice
        self._here: Place = streets.pick(self._lot)
        self._before: Place | None = None
        self._path: list[Place] = []
        self._going_to: Place | None = None
        self._stop_until_s = 0.0
        self._stood = 0
        self._moved_s = 0.0
        self._jobs: dict[str, dict[str, Any]] = {}
        self._news = asyncio.Event()

    async def run(self) -> None:
        """Signs in to duty and works until cancelled, also across restarts of the station."""
        await self._door.insist("POST", f"/api/v1/units/{self.unit_id}/duty", {"on": True})
        self.on_duty.set()
        async with asyncio.TaskGroup() as both:
            both.create_task(self._door.follow(self._look_anew, self._take))
            both.create_task(self._work())

    # ── what it is told ──

    async def _look_anew(self) -> None:
        """What it may have missed: its own state and its jobs, as they stand."""
        unit = await self._door.ask("GET", f"/api/v1/units/{self.unit_id}")
        incidents = (await self._door.ask("GET", "/api/v1/incidents?state=open"))["items"]
        self._jobs = {}
        self._take({"incidents": incidents, "units": [unit]})

    def _take(self, change: dict[str, Any]) -> None:
        for incident in change.get("incidents", ()):
            self._note(incident)
        for incident_id in change.get("gone", ()):
            self._jobs.pop(incident_id, None)
        for unit in change.get("units", ()):
            if unit["id"] == self.unit_id:
                self._note_self(unit)
        self._news.set()

    def _note(self, incident: dict[str, Any]) -> None:
        known = self._jobs.get(incident["id"])
        if known is not None and known["last_seq"] > incident["last_seq"]:
            return
        if incident["state"] == "closed" or self._step_in(incident) in (None, *_DONE):
            self._jobs.pop(incident["id"], None)
        else:
            self._jobs[incident["id"]] = incident

    def _note_self(self, unit: dict[str, Any]) -> None:
        """Off duty it says nothing of itself; a job that is no longer among its incidents is over."""
        (self.on_duty.set if unit["on_duty"] else self.on_duty.clear)()
        for incident in list(self._jobs.values()):
            if incident["id"] not in unit["incident_ids"] and incident["last_seq"] < unit["updated_seq"]:
                del self._jobs[incident["id"]]

    def _step_in(self, incident: dict[str, Any]) -> str | None:
        return next((a["state"] for a in incident["assignments"] if a["unit_id"] == self.unit_id), None)

    # ── what it does ──

    async def _work(self) -> None:
        while True:
            await self.on_duty.wait()
            job = next(iter(self._jobs.values()), None)
            if job is None:
                await self._go_round()
            else:
                await self._see_to(job)

    async def _go_round(self) -> None:
        """One tick of the round."""
        if self._going_to is not None:  # A call has just ended: on from the nearest corner.
            self._going_to, self._before = None, None
            self._path = self._streets.route(self._here, self._streets.nearest(self._here))
        now_s = time.monotonic()
        if now_s >= self._stop_until_s:
            if not self._path:
                self._path = self._streets.wander(self._here, self._before, self._lot)
                self._before = self._path[-2] if len(self._path) > 1 else self._here
                if self._lot.random() < STOPS_AT_CROSSINGS:
                    self._stop_until_s = now_s + self._lot.uniform(*STOP_S) / self._speed
            await self._move(ROUND_KMH[self._kind])
        else:
            await self._stand()

    async def _see_to(self, job: dict[str, Any]) -> None:
        """One step of a job: accept, set out, go on, arrive, or stay until somebody in the command centre closes it."""
        match self._step_in(job):
            case "assigned":
                await self._hold(ACCEPT_S)
                await self._report(job, "accepted")
            case "accepted":
                await self._hold(SET_OUT_S)
                await self._report(job, "en_route")
            case "en_route" if job["place"] is not None:
                await self._approach(job, (job["place"]["lon"], job["place"]["lat"]))
            case _:
                await self._stand()

    async def _approach(self, job: dict[str, Any], there: Place) -> None:
        if self._going_to != there:
            self._going_to, self._path = there, self._streets.route(self._here, there)
        if self._path and distance_m(self._here, there) > THERE_M:
            await self._move(CALLED_KMH[self._kind])
        else:
            await self._send_fix(0.0)
            await self._report(job, "on_scene")

    async def _report(self, job: dict[str, Any], step: str) -> None:
        if job["id"] not in self._jobs:
            return
        path = f"/api/v1/incidents/{job['id']}/assignments/{self.unit_id}"
        try:
            self._note(await self._door.insist("POST", path, {"state": step}))
        except Refused:
            # Somebody was quicker, or called it off: see how it stands.
            await asyncio.sleep(1.0)
            try:
                await self._look_anew()
            except (Away, Refused):
                return

    async def _hold(self, seconds: tuple[float, float]) -> None:
        await asyncio.sleep(self._lot.uniform(*seconds) / self._speed)

    async def _stand(self) -> None:
        """One tick without moving; ends early when there is news."""
        if self._stood % STANDING_FIXES == 0:
            await self._send_fix(0.0)
        self._stood += 1
        await self._wait()

    async def _move(self, kmh: float) -> None:
        """Along the path, as far as one comes since the last time; then one tick, which ends early when there is news."""
        now_s = time.monotonic()
        passed_s = min(now_s - self._moved_s, self._tick_s)
        self._stood, self._moved_s = 0, now_s
        before, kmh = self._here, min(kmh * self._speed, FASTEST_KMH[self._kind])
        self._here = advance(before, self._path, kmh / 3.6 * passed_s)
        await self._send_fix(kmh, heading_deg(before, self._here))
        await self._wait()

    async def _wait(self) -> None:
        self._news.clear()
        # Not `wait_for`: in Python 3.11 it swallows a cancellation that comes together with the news.
        with suppress(TimeoutError):
            async with asyncio.timeout(self._tick_s):
                await self._news.wait()

    async def _send_fix(self, kmh: float, heading: float | None = None) -> None:
        """The station is told where it is; one that could not be told is not worth telling later."""
        lon, lat = self._here
        fix = {
            "id": self._door.token,
            "lat": f"{lat:.6f}",
            "lon": f"{lon:.6f}",
            "timestamp": int(time.time() * 1000),
            "speed": f"{kmh * KNOTS_PER_KMH:.1f}",
            "accuracy": 5,
            "batt": 80,
        }
        if heading is not None:
            fix["bearing"] = f"{heading:.0f}"
        try:
            await self._door.ask("GET", "/osmand?" + urlencode(fix))
            self.placed.set()
        except (Away, Refused):
            return
