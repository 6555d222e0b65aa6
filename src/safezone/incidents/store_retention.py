"""The only code that writes what is known of holds and erasures: once per event, now and in every replay."""

from __future__ import annotations

from sqlalchemy import Connection

from safezone.core.bus import Bus
from safezone.core.db import to_us, upsert
from safezone.core.event import Entry
from safezone.events import incidents as ev
from safezone.incidents.store import touch
from safezone.incidents.tables import erased, erasure, legal_hold


def register(bus: Bus) -> None:
    """The bus knows who writes the rows of each event about retention."""
    bus.apply(ev.LegalHoldPlaced, _placed)
    bus.apply(ev.LegalHoldLifted, _lifted)
    bus.apply(ev.ContentErased, _erased)


def _placed(conn: Connection, entry: Entry, event: ev.LegalHoldPlaced) -> None:
    row = {"placed_at_us": to_us(entry.at), "placed_by": entry.actor, "reason_ref": event.reason.ref}
    conn.execute(legal_hold.insert(), {"station": entry.station, "incident_id": event.incident_id, **row})
    touch(conn, entry, event.incident_id)


def _lifted(conn: Connection, entry: Entry, event: ev.LegalHoldLifted) -> None:
    of_it = (legal_hold.c.station == entry.station) & (legal_hold.c.incident_id == event.incident_id)
    conn.execute(legal_hold.delete().where(of_it))
    touch(conn, entry, event.incident_id)


def _erased(conn: Connection, entry: Entry, event: ev.ContentErased) -> None:
    conn.execute(
        erasure.insert(),
        {
            "station": entry.station,
            "id": event.erasure_id,
            "seq": entry.seq,
            "at_us": to_us(entry.at),
            "data_class": event.data_class,
            "days": event.days,
            "before_us": to_us(event.before),
            "subjects": len(event.subjects),
            "records": event.records,
        },
    )
    for subject in event.subjects:
        key = {"station": entry.station, "subject": subject, "data_class": event.data_class}
        insert = upsert(erased, conn).values(**key, seq=entry.seq)
        conn.execute(insert.on_conflict_do_update(index_elements=list(key), set_={"seq": entry.seq}))
