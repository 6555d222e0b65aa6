"""What the command centre of the demonstration sees: the incidents and the equipment as they stand, by the live feed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from safezone.entrypoints.demo.doors import Door


class Watch:
    """Follows the station with the token of an operator, also across its restarts."""

    def __init__(self, door: Door, heard: Callable[[], None]) -> None:
        """`heard` is called after every change."""
        self.incidents: dict[str, dict[str, Any]] = {}
        self.assets: dict[str, dict[str, Any]] = {}
        self._door = door
        self._heard = heard
        self._news = asyncio.Event()

    async def run(self) -> None:
        """Follows until cancelled."""
        await self._door.follow(self._look_anew, self._take)

    async def _look_anew(self) -> None:
        self._take(await self._door.ask("GET", "/api/v1/console"))

    async def until(self, is_so: Callable[[], bool], within_s: float) -> bool:
        """Whether it has become so within this time."""
        try:
            async with asyncio.timeout(within_s):
                while not is_so():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return False
        return True

    def state_of(self, incident_id: str) -> str | None:
        """The stage of an incident; None when nothing was heard of it yet."""
        found = self.incidents.get(incident_id)
        return None if found is None else str(found["state"])

    def _take(self, change: dict[str, Any]) -> None:
        for incident in change.get("incidents", ()):
            known = self.incidents.get(incident["id"])
            if known is None or known["last_seq"] <= incident["last_seq"]:
                self.incidents[incident["id"]] = incident
        for asset in change.get("assets", ()):
            self.assets[asset["id"]] = asset
        self._heard()
        self._news.set()
