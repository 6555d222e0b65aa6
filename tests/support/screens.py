"""A console's connection to the live feed, for tests: it reads, notices when it is cut off, and comes back."""

from __future__ import annotations

import json
import threading
import time
from typing import Any, NamedTuple

import httpx

from tests.support.running import Station

SILENCE_LIMIT_S = 12.0
"""A screen that hears nothing for so long is cut off; the feed gives a sign of life every five seconds."""


class Connected(NamedTuple):
    """One connection of the screen, from its first byte to the moment at which the screen knew that it was over."""

    from_s: float
    until_s: float
    why: str


class Screen:
    """A console: follows the feed from line `after`, in a thread of its own, until `finish`.

    `seqs` are the ids of the changes in the order of their arrival, `incidents` the newest view of each incident by id,
    `connections` the connections that have ended, with the monotonic times. What the browser's EventSource does by
    itself is done here by hand: `Last-Event-ID` on every return.
    """

    def __init__(self, station: Station, *, after: int, who: str = "operator") -> None:
        self.seqs: list[int] = []
        self.incidents: dict[str, dict[str, Any]] = {}
        self.connections: list[Connected] = []
        self.other_frames: list[tuple[str, Any]] = []
        self.connected_since_s: float | None = None
        self.place = after
        self._station, self._who = station, who
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="screen", daemon=True)

    def start(self) -> None:
        """It follows the feed from now on."""
        self._thread.start()

    def finish(self) -> None:
        """It is switched off; the feed sends a sign of life every five seconds, so that takes no longer."""
        self._end.set()
        self._thread.join()

    def _watch(self) -> None:
        timeout = httpx.Timeout(5.0, read=SILENCE_LIMIT_S)
        with httpx.Client(timeout=timeout) as client:
            while not self._end.is_set():
                why = "ended"
                try:
                    self._follow(client)
                except httpx.ReadTimeout:
                    why = "silence"
                except httpx.TransportError as problem:
                    why = type(problem).__name__
                if self.connected_since_s is not None:
                    self.connections.append(Connected(self.connected_since_s, time.monotonic(), why))
                    self.connected_since_s = None
                self._end.wait(0.1)

    def _follow(self, client: httpx.Client) -> None:
        headers = {
            "Authorization": f"Bearer {self._station.tokens[self._who]}",
            "Last-Event-ID": str(self.place),
        }
        with client.stream("GET", f"{self._station.api}/live", headers=headers) as answer:
            if not answer.is_success:
                return
            name, id_ = "", ""
            for line in answer.iter_lines():
                self.connected_since_s = self.connected_since_s or time.monotonic()
                field, _, value = line.partition(": ")
                if field == "event":
                    name = value
                elif field == "id":
                    id_ = value
                elif field == "data":
                    self._take(name, id_, json.loads(value))
                    name, id_ = "", ""
                if self._end.is_set():
                    return

    def _take(self, name: str, id_: str, data: Any) -> None:
        if name != "change":
            self.other_frames.append((name, data))
            return
        self.place = int(id_)
        self.seqs.append(self.place)
        for view in data.get("incidents", []):
            known = self.incidents.get(view["id"])
            if known is None or known["last_seq"] <= view["last_seq"]:
                self.incidents[view["id"]] = view
