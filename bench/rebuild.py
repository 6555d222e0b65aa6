"""How long the tables of a long log take to be verified and rebuilt."""

from __future__ import annotations

import sys
import tempfile
import time
from concurrent.futures import Future
from pathlib import Path

from bench.station import write_station
from safezone.assets.station_set import read_station_set
from safezone.core import rebuild
from safezone.core.identity import Identity
from safezone.core.settings import Limits, Settings
from safezone.entrypoints.house import DataFolder, Engine
from safezone.entrypoints.setting_up import create_station
from safezone.incidents import commands as cmds
from safezone.main import wire
from safezone.patrol.commands import SetDuty

OPERATOR = Identity("bench", "operator", "bench")


def main(events: int) -> None:
    """Live through incidents from report to closing until the log is so long; then verify and rebuild."""
    with tempfile.TemporaryDirectory(prefix="safezone-bench-") as folder:
        write_station(Path(folder) / "set", points=400, units=200)
        data = DataFolder(Path(folder) / "data")
        data.make()
        settings = Settings(limits=Limits(near_twin_window_s=1, near_twin_m=1))
        house = wire(settings)
        database = data.open_database(settings)
        engine = Engine(house, database, "bench")
        engine.start()
        create_station(engine, read_station_set(Path(folder) / "set"))
        for number in range(200):
            engine.lane.submit(SetDuty(f"u-{number:05d}", on=True), OPERATOR).result()
        live(engine, events)
        began = time.monotonic()
        verdict = rebuild.verify(database, house.bus)[0]
        verified = time.monotonic() - began
        began = time.monotonic()
        rebuild.rebuild(database, house.bus)
        rebuilt = time.monotonic() - began
        engine.stop()
    print(
        f"\na log of {verdict.events} events, {verdict.rows} rows in {verdict.tables} tables; content: {verdict.content}"
    )
    print(f"  verify (chain, replay, compare)  {verified:6.1f} s   {verdict.events / verified:8.0f} events/s")
    print(f"  rebuild in place                 {rebuilt:6.1f} s   {verdict.events / rebuilt:8.0f} events/s")


def live(engine: Engine, events: int) -> None:
    """Rounds of 200 incidents, each with nine events of its own."""
    per_round = 200
    for number in range(events // (per_round * 9) + 1):
        pressed = []
        for unit in range(per_round):
            point = f"p-{unit:05d}"
            command = cmds.ReportEmergency(
                dedupe_key=f"{number}:{point}", channel="sos_point", about="sos", sos_point=point
            )
            pressed.append(engine.lane.submit(command, Identity("bench", "sos_point", point, point_id=point)))
        ids = [one.result().incident_id for one in pressed]
        waiting: list[Future[object]] = []
        for unit, incident_id in enumerate(ids):
            unit_id = f"u-{unit:05d}"
            steps: tuple[object, ...] = (
                cmds.DispatchUnits(incident_id, 1, [unit_id]),
                cmds.ProgressAssignment(incident_id, unit_id, "accepted"),
                cmds.ProgressAssignment(incident_id, unit_id, "en_route"),
                cmds.ProgressAssignment(incident_id, unit_id, "on_scene"),
                cmds.CloseIncident(incident_id, 3, "resolved"),
            )
            waiting += [engine.lane.submit(step, OPERATOR) for step in steps]
        for one in waiting:
            one.result()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
