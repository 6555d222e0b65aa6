"""A patrol unit, for tests: an officer's phone with the token of the unit, speaking to the station's HTTP doors."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.support.running import Station


class Patrol:
    """One unit on duty."""

    def __init__(self, station: Station, call_sign: str, unit_id: str) -> None:
        self.call_sign, self.unit_id = call_sign, unit_id
        self._station = station

    def sign_on(self, lon: float, lat: float) -> None:
        """On duty, and the station knows where it is."""
        self._say(f"/units/{self.unit_id}/duty", {"on": True})
        fix = {"at": datetime.now(UTC).isoformat(), "lon": lon, "lat": lat, "accuracy_m": 5.0}
        results = self._say("/positions", {"fixes": [fix]})["results"]
        assert [each["mark"] for each in results] == ["ok"], results

    def say(self, incident_id: str, step: str, reason: str | None = None) -> None:
        """The station has heard this step of an assignment: accepted, en_route, on_scene, cleared or refused."""
        body = {"state": step, **({"reason": reason} if reason else {})}
        self._say(f"/incidents/{incident_id}/assignments/{self.unit_id}", body)

    def _say(self, path: str, body: dict[str, Any]) -> Any:
        answer = self._station.ask("POST", path, body, who=self.call_sign)
        assert answer.is_success, answer.text
        return answer.json()
