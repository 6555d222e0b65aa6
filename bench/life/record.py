"""What the record says after life has gone on: compared with what everybody was told."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import text

from safezone.core.db import Database, from_us

STEP_EVENTS: Final = {
    "acknowledge": "incident_acknowledged",
    "dispatch": "unit_dispatched",
    "accepted": "assignment_accepted",
    "en_route": "unit_en_route",
    "on_scene": "unit_arrived",
    "close": "incident_closed",
}


class Kept(NamedTuple):
    """What lies on disk."""

    head: int
    presses: Counter[tuple[str, int]]
    """By pole and its own time (milliseconds)."""
    reports: Counter[str]
    steps: Counter[tuple[str, str]]
    """By incident and kind of event."""
    fixes: dict[str, set[int]]
    fix_rows: int
    gone_silent: int
    """Times that a pole's readiness was anything but READY after it had been."""


def read(url: str, ended_at: datetime) -> Kept:
    """Everything that is judged by, from the database at this address; a pole may fall silent after `ended_at`."""
    presses: Counter[tuple[str, int]] = Counter()
    reports: Counter[str] = Counter()
    steps: Counter[tuple[str, str]] = Counter()
    fixes: dict[str, set[int]] = {}
    head = fix_rows = gone_silent = 0
    with Database(url).read() as conn:
        for seq, at_us, kind, subject, data in conn.execute(
            text("SELECT seq, at_us, kind, subject, data FROM log ORDER BY seq")
        ):
            head = seq
            steps[subject, kind] += 1
            if kind == "report_received":
                said = json.loads(data)
                reports[said["report_id"]] += 1
                if said.get("sos_point"):
                    presses[said["sos_point"], _ms(said["claimed_at"])] += 1
            elif kind == "asset_readiness_changed" and from_us(at_us) <= ended_at:
                gone_silent += json.loads(data)["before"] == "READY"
        for unit, claimed_us in conn.execute(text("SELECT unit_id, claimed_us FROM position")):
            fixes.setdefault(unit, set()).add(claimed_us // 1000)
            fix_rows += 1
    return Kept(head, presses, reports, steps, fixes, fix_rows, gone_silent)


def judge(kept: Kept, said: dict[str, Any]) -> list[str]:
    """Everything that was confirmed and is not there, or is there twice, or that a console did not get; none is well."""
    wrong: list[str] = []
    poles, phones, consoles, desks = said["poles"], said["phones"], said["consoles"], said["desks"]
    told = [(point, _ms(at)) for point, at, _ in poles["receipted"]]
    owed = [(point, _ms(at)) for point, at in poles["never receipted"]]
    wrong += [f"press lost: {each}" for each in told if not kept.presses[each]]
    wrong += [f"press twice: {each}" for each, n in kept.presses.items() if n > 1]
    wrong += [f"press without a receipt: {each}" for each in owed]
    wrong += [f"press that nobody made: {each}" for each in kept.presses.keys() - {*told, *owed}]
    wrong += [f"report lost or twice: {each}" for each, _ in desks["reported"] if kept.reports[each] != 1]
    wrong += [
        f"step lost or twice: {incident} {step}"
        for incident, step in desks["steps"]
        if kept.steps[incident, STEP_EVENTS[step]] != 1
    ]
    confirmed = {unit: set(times) for unit, times in phones["kept"].items()}
    lost = sum(len(times - kept.fixes.get(unit, set())) for unit, times in confirmed.items())
    again = kept.fix_rows - sum(map(len, kept.fixes.values()))
    wrong += [f"{lost} confirmed positions lost"] if lost else []
    wrong += [f"{again} positions twice"] if again else []
    wrong += [f"{phones['never answered']} positions never answered"] if phones["never answered"] else []
    behind = [place for place in consoles["places"] if place != kept.head]
    wrong += (
        [f"{len(behind)} consoles are not at the end of the log ({kept.head}): {behind[:3]}"]
        if behind
        else []
    )
    wrong += [
        f"consoles: {consoles[name]} {name}"
        for name in ("missed", "twice", "asked to load anew")
        if consoles[name]
    ]
    wrong += [f"{desks['cases left']} incidents were not brought to an end"] if desks["cases left"] else []
    return [*wrong, *desks["troubles"]]


def _ms(at: str) -> int:
    return round(datetime.fromisoformat(at).astimezone(UTC).timestamp() * 1000)
