"""Those on duty, for tests: an operator who sends a unit and closes the incident, and units that say where they are.

As stubborn as the callers: every step is asked for with its own `Idempotency-Key`, and every batch of positions is sent,
until it is answered; what was answered is kept, to be compared with the record.
"""

from __future__ import annotations

import csv
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx

from tests.support.places import eventually
from tests.support.running import DEMO_SET, Station

STEP_EVENTS: Final = {
    "acknowledge": "incident_acknowledged",
    "dispatch": "unit_dispatched",
    "accepted": "assignment_accepted",
    "en_route": "unit_en_route",
    "on_scene": "unit_arrived",
    "close": "incident_closed",
}
"""The steps of an incident in their order, and what the log says of each, once."""
_PIER: Final = {"lon": 104.7297, "lat": 16.5430}


def token_of(station: Station, who: str) -> str:
    """The bearer token of a duty name, or of a unit of the demonstration by its id."""
    with (DEMO_SET / "units.csv").open(encoding="utf-8", newline="") as file:
        call_signs = {each["id"]: each["call_sign"] for each in csv.DictReader(file)}
    return station.tokens[call_signs.get(who, who)]


def ask_until_answered(
    station: Station, path: str, body: Any, *, who: str, key: str, refusals: list[tuple[int, str]]
) -> httpx.Response:
    """The first answer below 500; the same request, with the same key, is sent until there is one."""
    headers = {"Authorization": f"Bearer {token_of(station, who)}", "Idempotency-Key": key}

    def ask() -> httpx.Response | None:
        try:
            # A connection of its own each time: one that hangs says nothing about the next.
            answer = httpx.post(station.api + path, json=body, headers=headers, timeout=10.0)
        except httpx.TransportError:
            return None
        if answer.status_code >= 500:
            refusals.append((answer.status_code, answer.text))
            return None
        return answer

    found = eventually(ask, within_s=240.0, every_s=0.1)
    assert found is not None
    return found


class Desk:
    """An operator: one incident after the other, from the call to its end, with a unit of its own."""

    def __init__(self, station: Station, unit: str, *, pace_s: float = 0.05) -> None:
        self.steps: list[tuple[str, str]] = []
        """The incident and the step of it, of each that was answered with success."""
        self.refusals: list[tuple[int, str]] = []
        self._station, self._unit, self._pace_s = station, unit, pace_s
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._work, name=f"desk {unit}", daemon=True)
        self._count = 0

    def start(self) -> None:
        """They take calls from now on."""
        self.sign_on()
        self._thread.start()

    def sign_on(self) -> None:
        """The unit is on duty."""
        asked = self._ask(f"/units/{self._unit}/duty", {"on": True}, who=self._unit)
        assert asked.is_success, asked.text

    def finish(self) -> None:
        """The step under way is answered."""
        self._end.set()
        if self._thread.is_alive():
            self._thread.join()

    def take_call(self) -> dict[str, Any]:
        """A new incident, as the API shows it."""
        about = {"kind": "robbery", "place": _PIER, "claimed_at": datetime.now(UTC).isoformat()}
        made = self._ask("/reports", about)
        assert made.is_success, made.text
        found: dict[str, Any] = self.look(made.json()["incident_id"])
        return found

    def carry_out(self, step: str, incident: dict[str, Any]) -> dict[str, Any]:
        """The incident after this step; asked for until it is answered."""
        path = f"/incidents/{incident['id']}"
        while True:
            version = {"expected_version": incident["version"]}
            if step == "acknowledge":
                answer = self._ask(f"{path}/acknowledge", version)
            elif step == "dispatch":
                answer = self._ask(f"{path}/dispatch", {**version, "unit_ids": [self._unit]})
            elif step == "close":
                answer = self._ask(f"{path}/close", {**version, "outcome": "drill"})
            else:
                answer = self._ask(f"{path}/assignments/{self._unit}", {"state": step}, who=self._unit)
            if answer.is_success:
                self.steps.append((incident["id"], step))
                found: dict[str, Any] = answer.json()
                return found
            # Told that it took too long, while the station was away: it is another version then.
            assert answer.status_code == 409, answer.text
            incident = self.look(incident["id"])

    def _work(self) -> None:
        while not self._end.is_set():
            incident = self.take_call()
            for step in STEP_EVENTS:
                if self._end.wait(self._pace_s):
                    return
                incident = self.carry_out(step, incident)

    def _ask(self, path: str, body: Any, *, who: str = "operator") -> httpx.Response:
        self._count += 1
        key = f"{self._unit}-{time.time_ns()}-{self._count}"
        return ask_until_answered(self._station, path, body, who=who, key=key, refusals=self.refusals)

    def look(self, incident_id: str) -> dict[str, Any]:
        """The incident as the API shows it now."""

        def look() -> Any:
            try:
                answer = self._station.ask("GET", f"/incidents/{incident_id}", timeout_s=10.0)
            except httpx.TransportError:
                return None
            return answer.json()["incident"] if answer.is_success else None

        found: dict[str, Any] = eventually(look, within_s=240.0, every_s=0.1)
        return found


class Tracker:
    """The phone of a unit: batches of fixes, each sent until it is answered."""

    def __init__(self, station: Station, unit: str, *, pace_s: float = 0.1, size: int = 5) -> None:
        self.sent: list[datetime] = []
        """The times of the fixes that are kept, as was answered."""
        self.answers = 0
        self.not_kept: list[str] = []
        """Why, of each fix that was answered not to be kept."""
        self.refusals: list[tuple[int, str]] = []
        self._station, self._unit, self._pace_s, self._size = station, unit, pace_s, size
        self._at = datetime.now(UTC)
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._track, name=f"tracker {unit}", daemon=True)

    @property
    def unit(self) -> str:
        """Whose phone it is."""
        return self._unit

    def start(self) -> None:
        """It sends from now on."""
        self._thread.start()

    def finish(self) -> None:
        """The batch under way is answered."""
        self._end.set()
        if self._thread.is_alive():
            self._thread.join()

    def send(self) -> None:
        """One more batch, answered."""
        # Of the last moments, each a little after the one before: what is claimed from before the shift is not kept.
        first = max(datetime.now(UTC), self._at + timedelta(milliseconds=1))
        times = [first + timedelta(milliseconds=number) for number in range(self._size)]
        self._at = times[-1]
        step = len(self.sent) * 1e-6
        fixes = [{"lon": 104.73 + step, "lat": 16.54, "at": at.isoformat()} for at in times]
        answer = ask_until_answered(
            self._station, "/positions", {"fixes": fixes}, who=self._unit, key="", refusals=self.refusals
        )
        assert answer.is_success, answer.text
        self.answers += 1
        for at, result in zip(times, answer.json()["results"], strict=True):
            if result["kept"] or result["mark"] == "repeated":
                self.sent.append(at)
            else:
                self.not_kept.append(result["mark"])

    def _track(self) -> None:
        while not self._end.wait(self._pace_s):
            self.send()
