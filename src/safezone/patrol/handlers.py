"""Decides what is asked of the units: duty, state, positions; and follows what the incidents make of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from safezone.core.bus import Bus
from safezone.core.db import from_us
from safezone.core.errors import Conflict, Invalid, NotAllowed, NotFound, Refused
from safezone.core.event import Entry
from safezone.core.i18n import Words
from safezone.core.identity import CCOC_ROLES
from safezone.core.work import UnitOfWork
from safezone.events import incidents as inc
from safezone.events import patrol as ev
from safezone.events.patrol import WorkState
from safezone.patrol import store
from safezone.patrol.commands import (
    TELLERS,
    PurgePositions,
    RecordFixes,
    RegisterUnits,
    SetDuty,
    SetUnitState,
    UnitEntry,
)
from safezone.patrol.rules import (
    Claim,
    FixRules,
    Marked,
    Seen,
    check_availability,
    check_sign_off,
    mark_fix,
    may_be_stored,
    state_of,
    work_after,
)
from safezone.patrol.views import Fix

REASON_SORT: Final = "unit_reason"


class UnitMoved(msgspec.Struct, frozen=True, gc=False):
    """A unit's newest fix."""

    unit_id: str
    fix: Fix


class PositionsMoved(msgspec.Struct, frozen=True):
    """Signal for the screens, after the commit: these units were seen at a new place or time."""

    station: str
    moved: list[UnitMoved]


def register(bus: Bus, fix_rules: FixRules | None = None) -> None:
    """The bus knows everything about units: commands, rows, and the listener that follows the incidents."""
    rules = fix_rules or FixRules()
    store.register(bus)
    bus.handle(RegisterUnits, register_units)
    bus.handle(SetDuty, set_duty)
    bus.handle(SetUnitState, set_unit_state)
    bus.handle(PurgePositions, purge_positions)
    bus.handle_many(RecordFixes, lambda commands, works: record_fixes(commands, works, rules))
    bus.listen("patrol.follow_incidents", follow_incidents, kinds=tuple(_STEP_OF) + _OVER)


def register_units(cmd: RegisterUnits, uow: UnitOfWork) -> int:
    """The units are listed; returns how many were new or corrected.

    Invalid when two share an id or call sign, Conflict when a unit that is listed already has the call sign.
    """
    uow.identity.require("supervisor", "admin", "system")
    for name in ("unit_id", "call_sign"):
        seen = [getattr(entry, name) for entry in cmd.units]
        twice = sorted({value for value in seen if seen.count(value) > 1})
        if twice:
            raise Invalid(
                "unit_listed_twice",
                Words(th=f"รายชื่อสายตรวจมี {twice[0]} ซ้ำกัน", en=f"The list of units has {twice[0]} twice."),
                field=name,
            )
    changed = 0
    for entry in cmd.units:
        _check_call_sign(entry, uow)
        row = store.find_row(uow.conn, uow.station, entry.unit_id)
        now = (entry.call_sign, entry.kind, entry.name.th, entry.name.en, entry.synthetic)
        if row is None or now != (row.call_sign, row.kind, row.name_th, row.name_en, row.synthetic):
            uow.record(
                ev.UnitRegistered(
                    unit_id=entry.unit_id,
                    call_sign=entry.call_sign,
                    unit_kind=entry.kind,
                    name=entry.name,
                    synthetic=entry.synthetic,
                )
            )
            changed += 1
    return changed


def _check_call_sign(entry: UnitEntry, uow: UnitOfWork) -> None:
    """Nobody else is called so: on the radio two units with one call sign are one."""
    other = store.find_call_sign(uow.conn, uow.station, entry.call_sign)
    if other is not None and other != entry.unit_id:
        raise Conflict(
            "call_sign_taken",
            Words(
                th=f"รหัสสายตรวจ “{entry.call_sign}” เป็นของหน่วย {other} อยู่แล้ว: ใช้รหัสอื่น",
                en=f"The call sign “{entry.call_sign}” belongs to the unit {other} already: choose another.",
            ),
        )


def set_duty(cmd: SetDuty, uow: UnitOfWork) -> str:
    """The unit is on or off duty; nothing happens when it is so already. Returns its id.

    NotAllowed for another unit, NotFound for an unknown one, Conflict when it would leave an incident behind.
    """
    row = _mine_or_ccoc(cmd.unit_id, uow)
    if row.on_duty == cmd.on:
        return cmd.unit_id
    if cmd.on:
        uow.record(ev.UnitSignedOn(unit_id=cmd.unit_id))
        return cmd.unit_id
    by_supervisor = uow.identity.role in ("supervisor", "admin")
    check_sign_off(row.call_sign, store.work_of(row), by_supervisor=by_supervisor, reason=cmd.reason)
    uow.record(ev.UnitSignedOff(unit_id=cmd.unit_id, reason=uow.maybe_seal(cmd.reason, REASON_SORT)))
    store.forget_track(uow.conn, uow.station, cmd.unit_id)
    return cmd.unit_id


def set_unit_state(cmd: SetUnitState, uow: UnitOfWork) -> str:
    """The unit can, or cannot, be sent; returns its id. Refused off duty and on an incident; as for `set_duty`."""
    row = _mine_or_ccoc(cmd.unit_id, uow)
    unavailable, work = cmd.state == "unavailable", store.work_of(row)
    check_availability(row.call_sign, work, on_duty=row.on_duty, unavailable=unavailable)
    if row.unavailable == unavailable and not (unavailable and cmd.reason):
        return cmd.unit_id
    uow.record(
        ev.UnitAvailabilityChanged(
            unit_id=cmd.unit_id,
            unavailable=unavailable,
            state=state_of(on_duty=True, unavailable=unavailable, work=work),
            reason=uow.maybe_seal(cmd.reason, REASON_SORT) if unavailable else None,
        )
    )
    return cmd.unit_id


def _mine_or_ccoc(unit_id: str, uow: UnitOfWork) -> Any:
    """The unit's row, for itself and for the command centre."""
    uow.identity.require("unit", "system", *CCOC_ROLES)
    if uow.identity.role == "unit" and uow.identity.unit_id != unit_id:
        raise _not_your_unit()
    row = store.find_row(uow.conn, uow.station, unit_id)
    if row is None:
        raise _no_such_unit(unit_id)
    return row


def _not_your_unit() -> NotAllowed:
    return NotAllowed(
        "not_your_unit",
        Words(th="ทำได้เฉพาะสายตรวจของตนเอง", en="A unit does this only for itself."),
    )


def _no_such_unit(unit_id: str) -> NotFound:
    return NotFound("no_unit", Words(th=f"ไม่พบสายตรวจ {unit_id}", en=f"There is no unit {unit_id}."))


# ── positions: many at once ──


def record_fixes(
    commands: Sequence[RecordFixes], works: Sequence[UnitOfWork], rules: FixRules
) -> list[list[Marked] | Refused]:
    """Every fix is marked and, unless off duty or repeated, kept; the newest of each unit is drawn.

    Answers per command, in order: a mark per fix, or the refusal for whoever is not that unit (nothing is raised:
    the others in this batch must not suffer for it).
    """
    results: list[list[Marked] | Refused] = []
    by_station: dict[str, _Batch] = {}
    for cmd, uow in zip(commands, works, strict=True):
        batch = by_station.get(uow.station)
        if batch is None:
            ids = {c.unit_id for c, w in zip(commands, works, strict=True) if w.station == uow.station}
            batch = by_station[uow.station] = _Batch(uow, store.watch(uow.conn, uow.station, ids), rules)
        results.append(batch.take(cmd, uow))
    for batch in by_station.values():
        batch.save()
    return results


class _Batch:
    """The fixes of one station in one transaction."""

    def __init__(self, uow: UnitOfWork, watched: dict[str, store.Watched], rules: FixRules) -> None:
        self._uow = uow
        self._watched = watched
        self._rules = rules
        self._rows: list[dict[str, Any]] = []

    def take(self, cmd: RecordFixes, uow: UnitOfWork) -> list[Marked] | Refused:
        if uow.identity.role not in TELLERS or uow.identity.unit_id != cmd.unit_id:
            return _not_your_unit()
        unit = self._watched.get(cmd.unit_id)
        if unit is None:
            return _no_such_unit(cmd.unit_id)
        kept = self._kept_before(cmd, unit)
        received_us = uow.at_us
        marks = []
        for claim in cmd.claims:
            marked, track = mark_fix(
                unit.track,
                claim,
                received_us,
                on_duty_since_us=unit.on_duty_since_us,
                kind=unit.kind,
                rules=self._rules,
                kept_before=bool(kept) and (claim.at_us, claim.lon, claim.lat) in kept,
            )
            if track is not unit.track:
                unit.track, unit.changed = track, True
            if marked.kept:
                self._rows.append(store.position_row(uow.station, cmd.unit_id, claim, marked, received_us))
            if marked.drawn:
                unit.newest = claim
            marks.append(marked)
        return marks

    def _kept_before(self, cmd: RecordFixes, unit: store.Watched) -> set[tuple[int, float, float]]:
        """Which of these fixes came before; the database is asked only when one is old enough for it."""
        if unit.on_duty_since_us is None:
            return set()
        old = [c.at_us for c in cmd.claims if c.at_us is not None and may_be_stored(unit.track, c)]
        if not old:
            return set()
        # A list this long is a backlog sent again; ask in slices, databases limit the number of parameters.
        found: set[tuple[int, float, float]] = set()
        for start in range(0, len(old), 500):
            found |= store.kept_among(
                self._uow.conn, self._uow.station, cmd.unit_id, old[start : start + 500]
            )
        return found

    def save(self) -> None:
        conn, station = self._uow.conn, self._uow.station
        store.add_positions(conn, self._rows)
        store.save_tracks(conn, station, self._watched)
        moved = [
            UnitMoved(unit_id, _fix_of(w.newest, w.track.newest))
            for unit_id, w in self._watched.items()
            if w.newest is not None and w.track.newest is not None
        ]
        if moved:
            self._uow.after_commit(PositionsMoved(station, moved))


def _fix_of(claim: Claim, seen: Seen) -> Fix:
    """What the screens get of a fix that has just been drawn."""
    return Fix(
        claim.lon,
        claim.lat,
        from_us(seen.at_us),
        from_us(seen.received_us),
        claim.accuracy_m,
        claim.speed_kmh,
        claim.heading_deg,
        claim.battery_pct,
    )


def purge_positions(cmd: PurgePositions, uow: UnitOfWork) -> int:
    """Positions older than `keep_days` are gone; returns how many there were."""
    uow.identity.require("system", "admin")
    return store.purge_positions(
        uow.conn, uow.station, uow.at_us - cmd.keep_days * 86_400 * 1_000_000, uow.at_us
    )


# ── what the incidents make of a unit ──

_STEP_OF: Final[dict[type[Any], WorkState | None]] = {
    inc.UnitDispatched: "assigned",
    inc.AssignmentAccepted: "assigned",
    inc.UnitEnRoute: "en_route",
    inc.UnitArrived: "on_scene",
    inc.UnitCleared: None,
    inc.AssignmentRefused: None,
}
_OVER: Final = (inc.IncidentClosed, inc.IncidentMerged)


def follow_incidents(_entry: Entry, event: Any, uow: UnitOfWork) -> None:
    """The state of every unit that the event is about is what its incidents make it; twice changes nothing."""
    if isinstance(event, _OVER):
        rows = [r for r in store.list_rows(uow.conn, uow.station) if event.incident_id in r.work]
        step = None
    else:
        row = store.find_row(uow.conn, uow.station, event.unit_id)
        rows, step = [] if row is None else [row], _STEP_OF[type(event)]
    for row in rows:
        before = store.work_of(row)
        after = work_after(before, event.incident_id, step)
        if after != before:
            state = state_of(on_duty=row.on_duty, unavailable=row.unavailable, work=after)
            uow.record(ev.UnitStateChanged(unit_id=row.id, state=state, work=after))
