"""Two real truck trips played again as two units: one by the API, one by the OsmAnd door, in the order of arrival.

    python -m bench.trials.trucks --data ../shared/data --pace 3

The recording is from 2018. A unit's fixes count only from its sign-on, and the server's clock rules: so every time is
moved by the same amount, such that the trip begins now, and each message is sent when it came. `--pace 3` plays three
times as fast (every gap and delay a third; the faster of the trucks then goes 190 km/h, just below what is called
impossible for a car). Each message is one fix, repeated ones too: the tracker sends the place along with its
temperature and its fuel.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

from bench.trials.ground import Caller, Ground, ground, verdict

FOLDER = Path("gps/trucks")
FILES = {"truck-1": "vehicle1-trip1.json", "truck-2": "vehicle2-trip1.json"}
KNOTS_PER_KMH = 1 / 1.852


class Message(NamedTuple):
    """One message of the tracker: when it came, and the fix in it with the tracker's own time."""

    came_at: datetime
    fix_at: datetime
    lon: float
    lat: float
    speed_kmh: float
    heading_deg: float


def read_trip(path: Path) -> list[Message]:
    """The messages in the order in which they came; one without a time of arrival came with the one before it."""
    messages: list[Message] = []
    for each in json.loads(path.read_text("utf-8")):
        event, position = each["ev"], each["ev"]["pos"]
        came = event.get("receivedTs")
        came_at = _time(came) if came else messages[-1].came_at
        place = position["latlon"]
        fix = (place["lng"], place["lat"], position["speed"], position["azimuth"])
        messages.append(Message(came_at, _time(position["posTime"]), *fix))
    return sorted(messages, key=lambda each: each.came_at)


def what_is_in(trip: list[Message]) -> str:
    """The traps in a trip, counted from the recording alone."""
    seen: set[tuple[datetime, float, float]] = set()
    newest = datetime.min.replace(tzinfo=UTC)
    repeated = older = 0
    for each in trip:
        what = (each.fix_at, each.lon, each.lat)
        repeated += what in seen
        older += what not in seen and each.fix_at <= newest
        seen.add(what)
        newest = max(newest, each.fix_at)
    delays_s = sorted((each.came_at - each.fix_at).total_seconds() for each in trip)
    return (
        f"{len(trip)} messages, {len(seen)} different fixes, {repeated} repeated, {older} older than one before it; "
        f"delay p50 {delays_s[len(trip) // 2]:.0f} s, over a minute {sum(d > 60 for d in delays_s)}, max {delays_s[-1]:.0f} s"
    )


class Drive(threading.Thread):
    """One truck on its way; `marks` are what its fixes turned out to be."""

    def __init__(self, trip: list[Message], unit: str, at: Ground, pace: float, begins: datetime) -> None:
        super().__init__(name=unit)
        self.marks: Counter[str] = Counter()
        self.odd: list[str] = []
        self.kept: set[tuple[datetime, float, float]] = set()
        self._trip, self._unit, self._pace, self._begins = trip, unit, pace, begins
        self._caller: Caller = at.units[unit]
        self._token = at.tokens[unit]
        first = min(each.fix_at for each in trip if each.came_at - each.fix_at < timedelta(minutes=30))
        self._origin = first

    def run(self) -> None:
        """Every message is sent when it is due."""
        for number, each in enumerate(self._trip):
            due_s = (self._moved(each.came_at) - datetime.now(UTC)).total_seconds()
            time.sleep(max(0.0, due_s))
            mark = self._tell(each)
            self.marks[mark] += 1
            if mark not in ("ok", "repeated"):
                behind_s = (each.came_at - each.fix_at).total_seconds()
                self.odd.append(f"{mark}: message {number}, its fix {behind_s:.0f} s old when it came")

    def _tell(self, message: Message) -> str:
        at = self._moved(message.fix_at)
        if self._unit == "truck-1":
            fix = {
                "at": at.isoformat(),
                "lon": message.lon,
                "lat": message.lat,
                "speed_kmh": message.speed_kmh,
                "heading_deg": message.heading_deg,
            }
            said = self._caller.ask("POST", "/api/v1/positions", {"fixes": [fix]})
        else:
            query = {
                "id": self._token,
                "lat": message.lat,
                "lon": message.lon,
                "timestamp": math.floor(at.timestamp() * 1000),
                "speed": message.speed_kmh * KNOTS_PER_KMH,
                "bearing": message.heading_deg,
            }
            said = self._caller.ask("GET", f"/osmand?{urlencode(query)}")
        return str(said.body["results"][0]["mark"]) if said.status == 200 else f"status {said.status}"

    def _moved(self, at: datetime) -> datetime:
        return self._begins + (at - self._origin) / self._pace


def main() -> None:
    """Plays both trips at once and tells what came of their fixes."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="where the recordings lie")
    parser.add_argument("--pace", type=float, default=3.0, help="so many times as fast as it was")
    parser.add_argument("--only", choices=sorted(FILES), help="one of the two")
    args = parser.parse_args()
    wanted = [args.only] if args.only else list(FILES)
    trips = {unit: read_trip(args.data / FOLDER / FILES[unit]) for unit in wanted}
    places = [(each.lon, each.lat) for trip in trips.values() for each in trip]
    with tempfile.TemporaryDirectory() as folder:
        # A zone around one trip: the other truck is far outside, which is no reason to lose it.
        with ground(Path(folder), places[: len(trips[wanted[0]])], list(trips)) as at:
            begins = datetime.now(UTC) + timedelta(seconds=1)
            drives = [Drive(trip, unit, at, args.pace, begins) for unit, trip in trips.items()]
            for drive in drives:
                drive.start()
            for drive in drives:
                drive.join()
            for drive in drives:
                _tell(drive, trips[drive.name], at)
        print(f"verify: {verdict(Path(folder) / 'data')}")


def _tell(drive: Drive, trip: list[Message], at: Ground) -> None:
    print(f"{drive.name} ({FILES[drive.name]}): {what_is_in(trip)}")
    print(f"  marks: {dict(drive.marks)}")
    for line in drive.odd[:12]:
        print(f"  {line}")
    fix = at.operator.ask("GET", f"/api/v1/units/{drive.name}").body["fix"]
    newest = max(trip, key=lambda each: each.fix_at)
    is_newest = math.isclose(fix["lon"], newest.lon) and math.isclose(fix["lat"], newest.lat)
    print(f"  drawn at the end: {'the newest fix' if is_newest else f'not the newest fix: {fix}'}")


def _time(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z")


if __name__ == "__main__":
    main()
