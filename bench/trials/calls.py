"""1,000 real dispatches played again: one incident per call, units as units, as fast as the station takes them.

    python -m bench.trials.calls --data ../shared/data

The recording says when each unit was free again and how long it took to arrive, not when the call came. A unit is
therefore taken to have been busy for `--busy-minutes` (45, an assumption) until it was free. The order in time is
kept, the gaps between are not: three months are played in a minute. Rows whose time is missing take the time of the
call before. Every row sends the call's report again with the same `Idempotency-Key`, as a caller who is not sure would.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
import time
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from bench.trials.ground import Ground, ground, verdict

RECORDING = Path("calls/sf_fire_calls_1000.csv")
KINDS = {
    "Medical Incident": "medical",
    "Structure Fire": "fire",
    "Outside Fire": "fire",
    "Vehicle Fire": "fire",
    "Smoke Investigation (Outside)": "fire",
    "Water Rescue": "accident",
    "Aircraft Emergency": "accident",
    "Elevator / Escalator Rescue": "accident",
}


class Row(NamedTuple):
    """One unit sent to one call."""

    call: str
    unit: str
    kind: str
    place: tuple[float, float]
    free_at: datetime
    arrived_after: timedelta


class Happening(NamedTuple):
    """Something that somebody does, in the order of time."""

    at: datetime
    order: int
    what: str
    row: Row


def read_rows(path: Path) -> tuple[list[Row], int]:
    """The rows by call number, and how many had no time of their own. Times are local, 12-hour."""
    rows: list[Row] = []
    without_time = 0
    with path.open(encoding="utf-8", newline="") as file:
        said = sorted(csv.DictReader(file), key=lambda each: int(each["CallNumber"]))
    for each in said:
        try:
            free_at = datetime.strptime(each["AvailableDtTm"], "%m/%d/%Y %I:%M:%S %p")  # noqa: DTZ007 - its zone does not matter here
        except ValueError:
            free_at, without_time = rows[-1].free_at, without_time + 1
        lat, lon = (float(part) for part in each["Location"].strip("()").split(","))
        arrived_after = timedelta(minutes=float(each["Delay"]))
        kind = KINDS.get(each["CallType"], "other")
        rows.append(Row(each["CallNumber"], each["UnitID"].lower(), kind, (lon, lat), free_at, arrived_after))
    return rows, without_time


def script_of(rows: list[Row], busy: timedelta) -> list[Happening]:
    """Everything that happens, in order: each row is sent, arrives and is free; the last unit's leaving ends the call."""
    script: list[Happening] = []
    for row in rows:
        sent_at = row.free_at - max(busy, row.arrived_after + timedelta(minutes=1))
        script += [
            Happening(sent_at, 0, "sent", row),
            Happening(sent_at + row.arrived_after, 1, "arrived", row),
            Happening(row.free_at, 2, "free", row),
        ]
    return sorted(script, key=lambda each: (each.at, each.order))


class Replay:
    """What came of it, counted."""

    def __init__(self, at: Ground, rows: list[Row]) -> None:
        self.count: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.unexpected: Counter[str] = Counter()
        self._at = at
        self._left = Counter(row.call for row in rows)
        self._incidents: dict[str, str] = {}
        self._busy: dict[str, set[str]] = {}

    def play(self, script: list[Happening]) -> None:
        """Every happening has been sent through the doors."""
        for each in script:
            {"sent": self._send, "arrived": self._arrive, "free": self._free}[each.what](each.row)

    def _send(self, row: Row) -> None:
        lon, lat = row.place
        body = {"kind": row.kind, "channel": "phone", "place": {"lon": lon, "lat": lat}}
        said = self._at.operator.ask("POST", "/api/v1/reports", body, key=row.call)
        self.count["reports sent"] += 1
        self.count["incidents opened" if said.status == 201 else "the same report again"] += 1
        incident_id = said.body["incident_id"]
        if self._incidents.setdefault(row.call, incident_id) != incident_id:
            self.unexpected["another incident for the same call"] += 1
        version = self._version(incident_id)
        ask = {"expected_version": version, "unit_ids": [row.unit]}
        path = f"/api/v1/incidents/{incident_id}/dispatch"
        said = self._at.operator.ask("POST", path, ask)
        if said.status == 409 and said.body["code"] == "unit_busy":
            self.refused["unit_busy"] += 1
            if not self._busy.get(row.unit):
                self.unexpected["called busy, and was not"] += 1
            self.count["second assignments with a reason"] += 1
            said = self._at.operator.ask(
                "POST", path, {**ask, "second_assignment_reason": "ใกล้ที่สุด / nearest"}
            )
        elif self._busy.get(row.unit):
            self.unexpected["was busy, and nobody said so"] += 1
        self._expect("dispatch", said.status)
        self.count["units dispatched"] += 1
        self._busy.setdefault(row.unit, set()).add(row.call)
        self._step(row, "accepted")
        self._step(row, "en_route")

    def _arrive(self, row: Row) -> None:
        self._step(row, "on_scene")

    def _free(self, row: Row) -> None:
        self._step(row, "cleared")
        self._busy[row.unit].discard(row.call)
        self._left[row.call] -= 1
        if not self._left[row.call]:
            incident_id = self._incidents[row.call]
            body = {"expected_version": self._version(incident_id), "outcome": "resolved"}
            path = f"/api/v1/incidents/{incident_id}/close"
            self._expect("close", self._at.operator.ask("POST", path, body).status)

    def _step(self, row: Row, state: str) -> None:
        path = f"/api/v1/incidents/{self._incidents[row.call]}/assignments/{row.unit}"
        self._expect(state, self._at.units[row.unit].ask("POST", path, {"state": state}).status)

    def _version(self, incident_id: str) -> int:
        return int(
            self._at.operator.ask("GET", f"/api/v1/incidents/{incident_id}").body["incident"]["version"]
        )

    def _expect(self, what: str, status: int) -> None:
        self.count["requests that changed something"] += 1
        if status not in (200, 201):
            self.unexpected[f"{what} answered {status}"] += 1


def main() -> None:
    """Plays the recording and tells what came of it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="where the recordings lie")
    parser.add_argument("--busy-minutes", type=float, default=45.0)
    args = parser.parse_args()
    rows, without_time = read_rows(args.data / RECORDING)
    units = sorted({row.unit for row in rows})
    script = script_of(rows, timedelta(minutes=args.busy_minutes))
    print(
        f"{len(rows)} rows, {len({r.call for r in rows})} calls, {len(units)} units; {without_time} rows without a time"
    )
    with tempfile.TemporaryDirectory() as folder:
        with ground(Path(folder), [row.place for row in rows], units) as at:
            replay = Replay(at, rows)
            began = time.perf_counter()
            replay.play(script)
            took_s = time.perf_counter() - began
            _tell(at, replay, took_s)
        print(f"verify: {verdict(Path(folder) / 'data')}")


def _tell(at: Ground, replay: Replay, took_s: float) -> None:
    for name, number in replay.count.items():
        print(f"  {number:>6} {name}")
    print(
        f"  refused as they should be: {dict(replay.refused)}; unexpected: {dict(replay.unexpected) or 'nothing'}"
    )
    found, before = [], ""
    while page := at.operator.ask("GET", f"/api/v1/incidents?state=all&limit=500{before}").body["items"]:
        found += page
        before = f"&before={page[-1]['opened_at'].replace('+', '%2B')}"
    states = Counter((each["state"], each["outcome"]) for each in found)
    several = Counter(len(each["assignments"]) for each in found)
    print(f"  {len(found)} incidents: {dict(states)}; by number of units: {dict(sorted(several.items()))}")
    print(
        f"  {sum(bool(each['twins']) for each in found)} incidents with a suggested twin (played together, they are near in time)"
    )
    left = Counter(unit["state"] for unit in at.operator.ask("GET", "/api/v1/units").body["items"])
    seq = at.operator.ask("GET", "/api/v1/console").body["seq"]
    print(
        f"  units at the end: {dict(left)}; {seq} lines in the log; {took_s:.1f} s, {seq / took_s:.0f} events/s, one caller"
    )


if __name__ == "__main__":
    main()
