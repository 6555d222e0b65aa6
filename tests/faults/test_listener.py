"""A listener that raises at every event: it is tried again, parked with an alarm, and delays nobody else."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Final

import pytest

from safezone.events.incidents import IncidentOpened
from tests.support.feed import Feed
from tests.support.places import eventually
from tests.support.station import RunningStation

REPORTS: Final = 200


class _WithABadEar(RunningStation):
    def _run(self) -> None:
        self.bus.listen("always-raises", _raise, [IncidentOpened])
        super()._run()


def _raise(*_: Any) -> None:
    raise RuntimeError("it raises always")


@pytest.mark.matrix
def test_a_listener_that_raises_always_delays_nobody(tmp_path: Path) -> None:
    station = _WithABadEar(tmp_path)
    try:
        start = station.head()
        station.api("car-1").act("/api/v1/units/car-1/duty", {"on": True})
        incident = station.api().incident(station.api().report()["incident_id"])
        station.api().on(incident, "dispatch", unit_ids=["car-1"])
        waits_s = []
        for _ in range(REPORTS):
            began = time.monotonic()
            station.api().report("noise")
            waits_s.append(time.monotonic() - began)
        # The patrol's own listener has heard of the dispatch meanwhile.
        eventually(lambda: station.api().ask("/api/v1/units/car-1")["incident_ids"])
        with Feed(station.url, station.tokens["operator"], after=start) as feed:
            seen = [frame.id for frame in feed.changes_up_to(station.head())]
        assert seen == list(range(start + 1, start + len(seen) + 1))
        eventually(lambda: _state(station) == "parked")
        eventually(lambda: "always-raises" in str(_looked_at(station)["reason"]))
        assert _looked_at(station)["state"] != "ok"
        assert any(entry.kind == "listener_parked" for entry in station.log())
        # An administrator lets it go on, and it fails again, without harm.
        station.api("admin").act("/api/v1/admin/listeners/always-raises/resume")
        station.api().report("noise")
        waits_s.sort()
        print(
            f"{REPORTS} reports beside a listener that raises: p99 {waits_s[int(REPORTS * 0.99)] * 1e3:.0f} ms"
        )
    finally:
        station.close()


def _looked_at(station: RunningStation) -> dict[str, Any]:
    """What /readyz says of the listeners."""
    part: dict[str, Any] = station.api("admin").get("/readyz").json()["parts"]["listeners"]
    return part


def _state(station: RunningStation) -> str:
    listed = station.api("admin").ask("/api/v1/admin/listeners")["items"]
    return next(str(each["state"]) for each in listed if each["name"] == "always-raises")
