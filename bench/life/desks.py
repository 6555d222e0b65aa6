"""Client: the operators and the units they send; each incident is taken from the first look to the end, and people report."""

from __future__ import annotations

import asyncio
import io
import json
import random
import time
from typing import Any, Final
from urllib.parse import urlsplit

from bench.life.client import Line, Notes, all_of, run
from bench.life.mix import Mix
from bench.station import STEP_DEG

KINDS: Final = ("robbery", "accident", "medical", "theft", "suspicious", "noise")


class Desks:
    """All operators, their units, and whoever reports by telephone or page."""

    def __init__(self, asked: dict[str, Any]) -> None:
        self.url, self._mix = asked["url"], Mix(**asked["mix"])
        self._operators: list[str] = asked["tokens"]
        self._units: dict[str, str] = asked["units"]
        self._draw = random.Random(asked["seed"])
        self.notes = Notes()
        self._lines: dict[str, Line] = {}
        """One for each operator and unit, as their browsers have: nobody waits here for somebody else's answer."""
        self._place = 0
        self._busy: set[str] = set()
        self._cases: set[asyncio.Task[None]] = set()
        self._photo = _photo()
        self.steps: list[tuple[str, str]] = []
        self.reported: list[tuple[str, str]] = []
        self.troubles: list[str] = []
        self._over = False

    async def connect(self) -> None:
        """Nothing beforehand: the feed is read from when life begins."""

    async def live(self) -> None:
        await all_of([self._watch(), self._report()])

    # ── what comes in ──

    async def _watch(self) -> None:
        """One feed for all operators: each new incident is somebody's."""
        while True:
            try:
                await self._follow()
            except OSError:
                self.notes.counts["the operators' feed was cut"] += 1
            await asyncio.sleep(1.0)

    async def _follow(self) -> None:
        """The feed after the last line that came, to its end."""
        parts = urlsplit(self.url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port, limit=2**24)
        try:
            after = f"Last-Event-ID: {self._place}\r\n" if self._place else ""
            writer.write(
                f"GET /api/v1/live HTTP/1.1\r\nHost: life\r\nAuthorization: Bearer {self._operators[0]}\r\n{after}\r\n".encode()
            )
            while line := await reader.readline():
                if line.startswith(b"id: "):
                    self._place = int(line[4:])
                elif b'"kind":"incident_opened"' in line[:300]:
                    case = asyncio.create_task(self._see_through(json.loads(line[6:])["subject"]))
                    self._cases.add(case)
                    case.add_done_callback(self._ended)
        finally:
            writer.close()

    def _ended(self, case: asyncio.Task[None]) -> None:
        self._cases.discard(case)
        if not case.cancelled() and (problem := case.exception()) is not None:
            self.troubles.append(f"an incident was left: {problem!r}")

    async def _report(self) -> None:
        number = 0
        while True:
            await asyncio.sleep(self._draw.expovariate(self._mix.reports))
            number += 1
            await asyncio.shield(self._report_one(number))

    async def _report_one(self, number: int) -> None:
        station = self._draw.randrange(self._mix.stations)
        lon, lat = self._mix.home_of(station)
        reach = 3 * STEP_DEG
        about: dict[str, Any] = {
            "kind": self._draw.choice(KINDS),
            "text": f"มีคนแจ้งเรื่องที่ {number} อยู่หน้าตลาด ช่วยมาดูด้วย",
            "place": {
                "lon": lon + reach * self._draw.random(),
                "lat": lat + reach * self._draw.random(),
            },
            "dedupe_key": f"life-{number}",
        }
        by_phone = number % 3 > 0
        if by_phone:
            about["reporter"] = {"name": f"ผู้แจ้ง {number}", "phone": f"08{number:08d}"}
        token = self._operator(station) if by_phone else ""
        self.notes.counts["reports"] += 1
        answer = await self._until_answered("report → stored", "POST", "/api/v1/reports", token, about)
        if answer is not None:
            self.reported.append((answer["report_id"], answer["incident_id"]))

    # ── an incident from the first look to its end ──

    async def _see_through(self, incident_id: str) -> None:
        path = f"/api/v1/incidents/{incident_id}"
        self.notes.counts["cases begun"] += 1
        await self._wait(2, 10)
        shown = await self._ask("incident → shown", "GET", path, self._draw.choice(self._operators))
        incident = shown["incident"]
        place = incident["place"]
        operator = self._operator(self._mix.station_at(place["lon"], place["lat"]))
        await self._step(incident, "acknowledge", operator)
        await self._wait(3, 15)
        unit = await self._choose(path, operator)
        if unit is None:
            self.troubles.append("nobody could be recommended")
            return
        try:
            await self._step(incident, "dispatch", operator, {"unit_ids": [unit]})
            token = self._units[unit]
            for state, least_s, most_s in (("accepted", 2, 8), ("en_route", 1, 5), ("on_scene", 20, 60)):
                await self._wait(least_s, most_s)
                await self._step(incident, f"assignments/{unit}", token, {"state": state})
            if self._draw.random() < self._mix.photos:
                await self._add_photo(path, token)
            await self._wait(5, 20)
            await self._add_note(path, operator)
            await self._wait(10, 40)
            await self._step(incident, "close", operator, {"outcome": "resolved"})
            self.notes.counts["cases closed"] += 1
        finally:
            self._busy.discard(unit)

    async def _choose(self, path: str, operator: str) -> str | None:
        """The first that is recommended and that nobody else is sending at this moment."""
        while True:
            advice = await self._ask("recommendation", "GET", f"{path}/recommendation", operator)
            if advice is None:
                return None
            listed = [each["unit_id"] for each in advice["units"]]
            free = [unit for unit in listed if unit not in self._busy]
            if free:
                self._busy.add(free[0])
                return str(free[0])
            self.notes.counts["waited for a unit"] += 1
            await asyncio.sleep(0.5)
            await self._wait(5, 10)

    async def _step(
        self, incident: dict[str, Any], step: str, token: str, body: dict[str, Any] | None = None
    ) -> None:
        """Asked for until it is done; a conflict is looked at again, as a person does."""
        path = f"/api/v1/incidents/{incident['id']}"
        while True:
            asked = dict(body or {})
            if not step.startswith("assignments/"):
                asked["expected_version"] = incident["version"]
            answer = await self._until_answered("step → confirmed", "POST", f"{path}/{step}", token, asked)
            if answer is not None:
                incident["version"] = answer["version"]
                self.steps.append((incident["id"], asked.get("state", step)))
                return
            now = await self._ask("incident → shown", "GET", path, token)
            if now is None:
                raise RuntimeError(f"{path} cannot be read any more")
            incident["version"] = now["incident"]["version"]
            self.notes.counts["conflicts"] += 1

    async def _add_note(self, path: str, operator: str) -> None:
        await self._until_answered(
            "step → confirmed", "POST", f"{path}/notes", operator, {"text": "สายตรวจรายงาน เหตุการณ์สงบ"}
        )

    async def _add_photo(self, path: str, token: str) -> None:
        began_s = time.monotonic()
        line = Line(self.url)
        status, body = await line.ask(
            "POST", f"{path}/photos", token, self._photo, "Content-Type: image/jpeg\r\n"
        )
        line.close()
        self.notes.took("photo → stored", began_s)
        self.notes.counts["photos"] += 1
        if status != 201:
            self.troubles.append(f"photo: {status} {body[:200]!r}")

    # ── asking ──

    def _operator(self, station: int) -> str:
        each = self._mix.consoles_each
        return self._operators[station * each + self._draw.randrange(each)]

    async def _wait(self, least_s: float, most_s: float) -> None:
        """As long as people take; when it is over nobody dawdles."""
        until_s = time.monotonic() + self._draw.uniform(least_s, most_s)
        while not self._over and (left_s := until_s - time.monotonic()) > 0:
            await asyncio.sleep(min(1.0, left_s))

    async def _ask(self, name: str, method: str, path: str, token: str) -> Any:
        return await self._until_answered(name, method, path, token, None)

    async def _until_answered(self, name: str, method: str, path: str, token: str, about: Any) -> Any:
        """The answer; None when it was refused by a conflict. Whatever else goes wrong is counted and tried again."""
        body = b"" if about is None else json.dumps(about, ensure_ascii=False).encode()
        line = self._lines.setdefault(token, Line(self.url))
        began_s = time.monotonic()
        for _ in range(60):
            try:
                status, said = await line.ask(method, path, token, body)
            except (OSError, TimeoutError):
                status, said = 0, b""
            if status in (200, 201):
                if not self._over:  # At the end all of them hurry at once: that is no figure of a day.
                    self.notes.took(name, began_s)
                return json.loads(said)
            if status == 409:
                return None
            self.notes.counts[f"asked again ({status})"] += 1
            if len(self.troubles) < 50:
                self.troubles.append(f"{method} {path}: {status} {said[:200]!r}")
            await asyncio.sleep(1.0)
        raise RuntimeError(f"{method} {path} was not answered for a minute")

    async def settle(self) -> None:
        """Every incident that was begun is brought to its end, without dawdling."""
        self._over = True
        if self._cases:
            await asyncio.wait(self._cases, timeout=300)

    def look(self) -> dict[str, Any]:
        return {**self.notes.take(), "waiting": len(self._cases)}

    def account(self) -> dict[str, Any]:
        return {
            "steps": self.steps,
            "reported": self.reported,
            "troubles": self.troubles,
            "cases left": len(self._cases),
        }


def _photo() -> bytes:
    """A picture of the size that the patrol's page sends (1,600 × 1,200), with something in it."""
    from PIL import Image

    noise = Image.effect_noise((400, 300), 60).resize((1600, 1200))
    made = io.BytesIO()
    noise.convert("RGB").save(made, "JPEG", quality=80)
    return made.getvalue()


if __name__ == "__main__":
    run(Desks)
