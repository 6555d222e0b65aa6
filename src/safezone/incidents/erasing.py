"""Erases sealed content when its time is over, unless somebody holds it, and places and lifts such holds."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, delete, exists, select

from safezone.core import vault
from safezone.core.accounts import forgetting
from safezone.core.accounts.rules import login_in
from safezone.core.bus import Bus
from safezone.core.db import from_us
from safezone.core.event import Sealed, seals_in
from safezone.core.ids import new_id
from safezone.core.log import LogReader
from safezone.core.purpose import list_due
from safezone.core.work import UnitOfWork
from safezone.events import incidents as ev
from safezone.incidents import commands as cmds
from safezone.incidents import refusals, store_retention
from safezone.incidents.selection import find_incident
from safezone.incidents.tables import erased, incident, legal_hold, note, photo, refused_message

AT_ONCE: Final = 50
"""Incidents in one transaction: a press that comes meanwhile waits for a few milliseconds."""
DAY_US: Final = 86_400 * 1_000_000


class Erasing:
    """What is done about retention; it reads in the log what belongs to an incident, so that nothing is forgotten."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._reader: LogReader | None = None

    def register(self) -> None:
        """The bus knows who carries out these commands."""
        store_retention.register(self._bus)
        self._bus.handle(cmds.EraseDue, self.erase_due)
        self._bus.handle(cmds.PlaceHold, self.place_hold)
        self._bus.handle(cmds.LiftHold, self.lift_hold)

    def place_hold(self, cmd: cmds.PlaceHold, uow: UnitOfWork) -> str:
        """Nothing of this incident is erased until the hold is lifted; Conflict when there is one already."""
        self._check(uow, cmd.incident_id)
        if cmd.incident_id in list_held(uow.conn, uow.station):
            raise refusals.held_already(cmd.incident_id)
        reason = uow.seal(cmd.reason, "hold_reason")
        uow.record(ev.LegalHoldPlaced(incident_id=cmd.incident_id, reason=reason))
        return cmd.incident_id

    def lift_hold(self, cmd: cmds.LiftHold, uow: UnitOfWork) -> str:
        """It is erased when it is due again; Conflict when there is no hold."""
        self._check(uow, cmd.incident_id)
        if cmd.incident_id not in list_held(uow.conn, uow.station):
            raise refusals.not_held(cmd.incident_id)
        uow.record(
            ev.LegalHoldLifted(incident_id=cmd.incident_id, reason=uow.seal(cmd.reason, "hold_reason"))
        )
        return cmd.incident_id

    def _check(self, uow: UnitOfWork, incident_id: str) -> None:
        uow.identity.require("supervisor", "admin")
        if find_incident(uow.conn, uow.station, incident_id) is None:
            raise refusals.no_incident(incident_id)

    def erase_due(self, cmd: cmds.EraseDue, uow: UnitOfWork) -> int:
        """Up to 50 incidents (or notes) of the class whose time is over lose their content; how many records went.

        The keys and the boxes go; the log keeps the references, the chain holds and a replay says the same. What was
        erased stands in an event, from which the certificate is written.
        """
        uow.identity.require("system")
        before_us = uow.at_us - cmd.days * DAY_US
        if cmd.data_class == "refused_message":
            return self._erase_refused(cmd, uow, before_us)
        if cmd.data_class == "purpose":
            return self._erase_purposes(cmd, uow, before_us)
        if cmd.data_class == "account":
            return self._erase_accounts(cmd, uow, before_us)
        if cmd.data_class == "handover":
            subjects = _due_notes(uow.conn, uow.station, before_us)
        else:
            subjects = _due_incidents(uow.conn, uow.station, cmd.data_class, before_us)
        if not subjects:
            return 0
        seals = (one for each in subjects for one in self._seals_about(uow, each, cmd.data_class))
        # A report's words are also the incident's: two lines name the same record.
        refs = list(dict.fromkeys(one.ref for one in seals))
        records = vault.erase(uow.conn, uow.station, refs)
        self._record(cmd, uow, before_us, records, tuple(subjects), tuple(refs))
        return records

    def _log(self) -> LogReader:
        if self._reader is None:
            self._reader = self._bus.reader()  # Not before: by now every event is wired.
        return self._reader

    def _seals_about(self, uow: UnitOfWork, subject: str, data_class: str) -> list[Sealed]:
        entries = self._log().list_about(uow.conn, uow.station, subject)
        wants_photos = data_class == "photo"
        return [
            one
            for entry in entries
            if isinstance(entry.event, ev.PhotoAdded) == wants_photos
            for one in seals_in(entry)
        ]

    def _erase_refused(self, cmd: cmds.EraseDue, uow: UnitOfWork, before_us: int) -> int:
        old = (refused_message.c.station == uow.station) & (refused_message.c.at_us <= before_us)
        gone: int = uow.conn.execute(delete(refused_message).where(old)).rowcount
        if gone:
            self._record(cmd, uow, before_us, gone, (), ())
        return gone

    def _erase_purposes(self, cmd: cmds.EraseDue, uow: UnitOfWork, before_us: int) -> int:
        """The words of a purpose go; its code and its case number stay in the log."""
        due = list_due(uow.conn, uow.station, before_us, AT_ONCE, self._log())
        refs = tuple(each.text.ref for each in due if each.text is not None)
        if refs:
            gone = vault.erase(uow.conn, uow.station, refs)
            self._record(cmd, uow, before_us, gone, tuple(sorted({each.about for each in due})), refs)
        return len(refs)

    def _erase_accounts(self, cmd: cmds.EraseDue, uow: UnitOfWork, before_us: int) -> int:
        """Who had an account that nobody can use any more; not of those who worked on an incident that is held."""
        held = _held_logins(uow.conn, uow.station, self._log())
        due = forgetting.list_due(uow.conn, uow.station, uow.at_us, before_us, held, AT_ONCE, self._log())
        refs: list[str] = []
        gone = 0
        for row in due:
            of_it, count = forgetting.forget(uow, row, self._log())
            refs += of_it
            gone += count
        if due:
            self._record(cmd, uow, before_us, gone, tuple(row.id for row in due), tuple(refs))
        return gone

    def _record(
        self,
        cmd: cmds.EraseDue,
        uow: UnitOfWork,
        before_us: int,
        records: int,
        subjects: tuple[str, ...],
        refs: tuple[str, ...],
    ) -> None:
        uow.record(
            ev.ContentErased(
                erasure_id=new_id(),
                data_class=cmd.data_class,
                days=cmd.days,
                before=from_us(before_us),
                records=records,
                subjects=subjects,
                refs=refs,
            )
        )


def list_held(conn: Connection, station: str) -> set[str]:
    """The incidents of which nothing may be erased."""
    rows = conn.execute(select(legal_hold.c.incident_id).where(legal_hold.c.station == station))
    return {row.incident_id for row in rows}


def _due_incidents(conn: Connection, station: str, data_class: str, before_us: int) -> list[str]:
    """Closed incidents whose time is over. One that was merged goes with the one that it was merged into."""
    again = exists().where(
        erased.c.station == station,
        erased.c.subject == incident.c.id,
        erased.c.data_class == data_class,
        # What was added afterwards, or came after it was reopened, is erased in a turn of its own.
        erased.c.seq >= incident.c.last_seq,
    )
    asked = select(incident.c.id).where(
        incident.c.station == station,
        incident.c.state == "closed",
        incident.c.closed_at_us <= before_us,
        ~again,
    )
    if data_class == "photo":
        asked = asked.where(incident.c.id.in_(select(photo.c.incident_id).where(photo.c.station == station)))
    held = {_survivor(conn, station, each).id for each in list_held(conn, station)}
    found = []
    for row in conn.execute(asked.order_by(incident.c.closed_at_us, incident.c.id)):
        last = _survivor(conn, station, row.id)
        if last.id not in held and last.state == "closed" and last.closed_at_us <= before_us:
            found.append(row.id)
        if len(found) == AT_ONCE:
            break
    return found


def _survivor(conn: Connection, station: str, incident_id: str) -> Any:
    """The incident into which this one was merged in the end; itself when it was not."""
    row = find_incident(conn, station, incident_id)
    while row.merged_into is not None:
        row = find_incident(conn, station, row.merged_into)
    return row


def _held_logins(conn: Connection, station: str, reader: LogReader) -> set[str]:
    """By what names those sign in who did something about an incident that is held: a case may ask who they were."""
    subjects = {_survivor(conn, station, each).id for each in list_held(conn, station)}
    more = subjects
    while more:
        merged = select(incident.c.id).where(incident.c.station == station, incident.c.merged_into.in_(more))
        more = {row.id for row in conn.execute(merged)} - subjects
        subjects |= more
    lines = (line for each in subjects for line in reader.list_about(conn, station, each))
    return {login_in(line.actor) for line in lines}


def _due_notes(conn: Connection, station: str, before_us: int) -> list[str]:
    again = exists().where(
        erased.c.station == station, erased.c.subject == note.c.id, erased.c.data_class == "handover"
    )
    asked = select(note.c.id).where(
        note.c.station == station, note.c.incident_id.is_(None), note.c.at_us <= before_us, ~again
    )
    return [row.id for row in conn.execute(asked.order_by(note.c.at_us).limit(AT_ONCE))]
