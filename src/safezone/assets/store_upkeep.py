"""The rows of what is done to keep the equipment well."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, select

from safezone.assets.tables import asset, asset_file, asset_place, loan, pole_test, work_order
from safezone.core.bus import Bus
from safezone.core.db import forget_remembered, to_us
from safezone.core.event import Entry
from safezone.events import upkeep as ev

OPEN_STATES: Final = ("open", "assigned", "started", "done")
"""States of a work order in which the thing is not whole yet, or nobody but its fixer has said so."""


def register(bus: Bus) -> None:
    """The bus knows who writes the rows of each event about upkeep."""
    bus.apply(ev.AssetChecked, _checked)
    bus.apply(ev.WorkOrderOpened, _order_opened)
    bus.apply(ev.WorkOrderStepped, _order_stepped)
    bus.apply(ev.AssetLent, _lent)
    bus.apply(ev.AssetReturned, _returned)
    bus.apply(ev.PoleTestStarted, _test_started)
    bus.apply(ev.PoleTestPressed, _test_pressed)
    bus.apply(ev.PoleTestSeen, _test_seen)
    bus.apply(ev.PoleTestDecided, _test_decided)
    bus.apply(ev.PoleTestLamp, _test_lamp)
    bus.apply(ev.PoleTestEnded, _test_ended)
    bus.apply(ev.AssetFileAdded, _file_added)
    bus.apply(ev.AssetFileRemoved, _file_removed)


def find_loans(conn: Connection, station: str, asset_ids: Sequence[str]) -> dict[str, str]:
    """The loans of these things that have not come back: the loan's id by the thing's."""
    out = select(loan.c.asset_id, loan.c.id).where(
        loan.c.station == station, loan.c.asset_id.in_(asset_ids), loan.c.returned_us.is_(None)
    )
    return {row.asset_id: row.id for row in conn.execute(out)}


def _set(conn: Connection, entry: Entry, asset_id: str, **values: Any) -> None:
    """These columns of the asset; it is judged at the next turn, because something was heard of it."""
    of_it = (asset.c.station == entry.station) & (asset.c.id == asset_id)
    conn.execute(asset.update().where(of_it).values(touched_us=to_us(entry.at), **values))


def _checked(conn: Connection, entry: Entry, event: ev.AssetChecked) -> None:
    _set(conn, entry, event.asset_id, checked_us=to_us(entry.at), check_ok=event.ok)


def _order_opened(conn: Connection, entry: Entry, event: ev.WorkOrderOpened) -> None:
    at_us = to_us(entry.at)
    row = {
        "station": entry.station,
        "id": event.order_id,
        "number": event.number,
        "asset_id": event.asset_id,
        "severity": event.severity,
        "state": "open",
        "text_ref": event.text.ref,
        "opened_us": at_us,
        "opened_by": entry.actor,
        "due_day": None if event.due_on is None else event.due_on.isoformat(),
        "changed_us": at_us,
        "changed_by": entry.actor,
        "test_id": event.test_id,
    }
    conn.execute(work_order.insert(), row)
    _weigh_orders(conn, entry, event.asset_id)


def _order_stepped(conn: Connection, entry: Entry, event: ev.WorkOrderStepped) -> None:
    now: dict[str, Any] = {
        # What was rejected is to be done again by whoever has it.
        "state": "assigned" if event.step == "rejected" else event.step,
        "changed_us": to_us(entry.at),
        "changed_by": entry.actor,
    }
    if event.fixer is not None:
        now["fixer"] = event.fixer
    if event.step == "done":
        now["fixed_by"] = entry.actor
    if event.note is not None:
        now["note_ref"] = event.note.ref
    of_it = (work_order.c.station == entry.station) & (work_order.c.id == event.order_id)
    conn.execute(work_order.update().where(of_it).values(now))
    _weigh_orders(conn, entry, event.asset_id)


def _weigh_orders(conn: Connection, entry: Entry, asset_id: str) -> None:
    """How bad the worst of an asset's work orders is that nobody has accepted yet."""
    asked = select(work_order.c.severity).where(
        work_order.c.station == entry.station,
        work_order.c.asset_id == asset_id,
        work_order.c.state.in_(OPEN_STATES),
    )
    open_ones = set(conn.execute(asked).scalars())
    worst = next((each for each in ("down", "watch") if each in open_ones), None)
    _set(conn, entry, asset_id, order_severity=worst)


def _lent(conn: Connection, entry: Entry, event: ev.AssetLent) -> None:
    at_us, point = to_us(entry.at), event.point
    row = {
        "station": entry.station,
        "id": event.loan_id,
        "asset_id": event.asset_id,
        "borrower_ref": event.borrower.ref,
        "lent_us": at_us,
        "lent_by": entry.actor,
        "until_day": event.until_day.isoformat(),
        "condition_ref": None if event.condition is None else event.condition.ref,
        "lon": None if point is None else point.lon,
        "lat": None if point is None else point.lat,
    }
    conn.execute(loan.insert(), row)
    if point is None:
        _set(conn, entry, event.asset_id)
        return
    _set(conn, entry, event.asset_id, lon=point.lon, lat=point.lat)
    where = {"station": entry.station, "asset_id": event.asset_id, "seq": entry.seq}
    conn.execute(
        asset_place.insert(),
        {**where, "at_us": at_us, "lon": point.lon, "lat": point.lat, "by_whom": entry.actor},
    )
    forget_remembered(conn)


def _returned(conn: Connection, entry: Entry, event: ev.AssetReturned) -> None:
    now = {
        "returned_us": to_us(entry.at),
        "returned_ok": event.ok,
        "return_ref": None if event.condition is None else event.condition.ref,
    }
    of_it = (loan.c.station == entry.station) & (loan.c.id == event.loan_id)
    conn.execute(loan.update().where(of_it).values(now))
    _set(conn, entry, event.asset_id)


def _test_started(conn: Connection, entry: Entry, event: ev.PoleTestStarted) -> None:
    row = {
        "station": entry.station,
        "id": event.test_id,
        "asset_id": event.asset_id,
        "started_us": to_us(entry.at),
        "started_by": entry.actor,
        "until_us": to_us(event.until_at),
    }
    conn.execute(pole_test.insert(), row)
    _set(conn, entry, event.asset_id, test_until_us=to_us(event.until_at))


def _put_test(conn: Connection, entry: Entry, test_id: str, **now: Any) -> None:
    of_it = (pole_test.c.station == entry.station) & (pole_test.c.id == test_id)
    conn.execute(pole_test.update().where(of_it).values(now))


def _test_pressed(conn: Connection, entry: Entry, event: ev.PoleTestPressed) -> None:
    pressed_us = to_us(event.pressed_at)
    _put_test(conn, entry, event.test_id, incident_id=event.incident_id, pressed_us=pressed_us)


def _test_seen(conn: Connection, entry: Entry, event: ev.PoleTestSeen) -> None:
    _put_test(conn, entry, event.test_id, seen_us=to_us(event.seen_at))


def _test_decided(conn: Connection, entry: Entry, event: ev.PoleTestDecided) -> None:
    _put_test(conn, entry, event.test_id, outcome=event.outcome)


def _test_lamp(conn: Connection, entry: Entry, event: ev.PoleTestLamp) -> None:
    _put_test(conn, entry, event.test_id, lamp_us=to_us(entry.at), lamp_lit=event.lit)


def _test_ended(conn: Connection, entry: Entry, event: ev.PoleTestEnded) -> None:
    at_us = to_us(entry.at)
    _put_test(conn, entry, event.test_id, closed_us=at_us, result=event.result, why=event.why)
    tested = {"tested_us": at_us} if event.result == "passed" else {}
    _set(conn, entry, event.asset_id, test_until_us=None, **tested)


def _file_added(conn: Connection, entry: Entry, event: ev.AssetFileAdded) -> None:
    row = {
        "station": entry.station,
        "id": event.file_id,
        "asset_id": event.asset_id,
        "media_type": event.media_type,
        "size": event.size,
        "name_ref": event.name.ref,
        "content_ref": event.content.ref,
        "added_us": to_us(entry.at),
        "added_by": entry.actor,
    }
    conn.execute(asset_file.insert(), row)


def _file_removed(conn: Connection, entry: Entry, event: ev.AssetFileRemoved) -> None:
    of_it = (asset_file.c.station == entry.station) & (asset_file.c.id == event.file_id)
    # It stays in the book until its content is erased in its time; no screen shows it.
    conn.execute(asset_file.update().where(of_it).values(removed_us=to_us(entry.at)))
