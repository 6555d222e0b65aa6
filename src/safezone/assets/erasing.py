"""Erases the sealed texts and papers of the equipment when their time is over, class by class, and says so in the log.

What stands in the register (codes, places, states, days) stays: it names nobody. What people wrote, who borrowed a thing and
its papers go when the reason to keep them has ended. A hold on an incident also holds the repair that its test press led to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Connection, select

from safezone.assets.commands_upkeep import EraseEquipment
from safezone.assets.tables import asset, asset_file, asset_owner, loan, mou, pole_test, work_order
from safezone.core import vault
from safezone.core.bus import Bus
from safezone.core.db import from_us
from safezone.core.event import Entry, Sealed, seals_in
from safezone.core.i18n import THAI_TIME
from safezone.core.ids import new_id
from safezone.core.log import LogReader, log
from safezone.core.work import UnitOfWork
from safezone.events.incidents import ContentErased

AT_ONCE: Final = 50
"""Things in one transaction: a press that comes meanwhile waits for a few milliseconds."""
DAY_US: Final = 86_400 * 1_000_000
NOTES: Final = ("asset_checked", "lifecycle_changed", "asset_moved", "owner_named")
"""Lines of the log with words about a thing that belong to no repair and no loan."""

Held = Callable[[Connection, str], set[str]]
"""The incidents of which nothing may be erased."""
Due = Iterable[tuple[str, Sealed]]
"""What is to go: about which subject of the log, and the reference."""


def nothing_held(_conn: Connection, _station: str) -> set[str]:
    """Where there are no incidents there is no hold."""
    return set()


class Erasing:
    """Finds what is due; it reads in the log what belongs to a repair or loan, so that no note of it is forgotten."""

    def __init__(self, bus: Bus, held: Held) -> None:
        self._bus, self._held = bus, held
        self._reader: LogReader | None = None

    def register(self) -> None:
        """The bus knows who carries out the command."""
        self._bus.handle(EraseEquipment, self.erase)

    def erase(self, cmd: EraseEquipment, uow: UnitOfWork) -> int:
        """What of a class is over its time is gone, up to fifty things at once; how many records went."""
        uow.identity.require("system")
        before_us = uow.at_us - cmd.days * DAY_US
        find = {
            "repair": self._repairs,
            "loan": self._loans,
            "equipment_paper": self._papers,
            "equipment_note": self._notes,
        }[cmd.data_class]
        due = {one.ref: subject for subject, one in find(uow, before_us)}
        if not due:
            return 0
        records = vault.erase(uow.conn, uow.station, list(due))
        uow.record(
            ContentErased(
                erasure_id=new_id(),
                data_class=cmd.data_class,
                days=cmd.days,
                before=from_us(before_us),
                records=records,
                subjects=tuple(dict.fromkeys(due.values())),
                refs=tuple(due),
            )
        )
        return records

    def _repairs(self, uow: UnitOfWork, before_us: int) -> Due:
        """Work orders that were accepted or cancelled so long ago, with every note on the way."""
        of_test = (pole_test.c.station == work_order.c.station) & (pole_test.c.id == work_order.c.test_id)
        asked = (
            select(work_order.c.id, work_order.c.asset_id, pole_test.c.incident_id)
            .outerjoin(pole_test, of_test)
            .where(
                work_order.c.station == uow.station,
                work_order.c.state.in_(("accepted", "cancelled")),
                work_order.c.changed_us <= before_us,
                vault.is_kept(work_order.c.station, work_order.c.text_ref),
            )
            .order_by(work_order.c.changed_us)
        )
        held = self._held(uow.conn, uow.station)
        rows = [row for row in uow.conn.execute(asked) if row.incident_id not in held][:AT_ONCE]
        return self._of("order_id", uow, rows)

    def _loans(self, uow: UnitOfWork, before_us: int) -> Due:
        """Who had a thing, and in which condition: of loans that came back so long ago."""
        asked = (
            select(loan.c.id, loan.c.asset_id)
            .where(
                loan.c.station == uow.station,
                loan.c.returned_us <= before_us,
                vault.is_kept(loan.c.station, loan.c.borrower_ref),
            )
            .order_by(loan.c.returned_us)
            .limit(AT_ONCE)
        )
        return self._of("loan_id", uow, uow.conn.execute(asked).all())

    def _papers(self, uow: UnitOfWork, before_us: int) -> Due:
        """Papers that were taken away so long ago, of what was retired so long ago, and of MOUs that ended so long ago."""
        of_asset = (asset.c.station == asset_file.c.station) & (asset.c.id == asset_file.c.asset_id)
        over = (asset.c.lifecycle == "retired") & (asset.c.touched_us <= before_us)
        asked = (
            select(asset_file.c.id, asset_file.c.asset_id)
            .join(asset, of_asset)
            .where(
                asset_file.c.station == uow.station,
                (asset_file.c.removed_us <= before_us) | over,
                vault.is_kept(asset_file.c.station, asset_file.c.content_ref),
            )
            .limit(AT_ONCE)
        )
        yield from self._of("file_id", uow, uow.conn.execute(asked).all())
        last_day = (from_us(before_us).astimezone(THAI_TIME).date() - timedelta(days=1)).isoformat()
        ended = select(mou.c.id).where(
            mou.c.station == uow.station,
            mou.c.until_day <= last_day,
            vault.is_kept(mou.c.station, mou.c.paper_ref),
        )
        for mou_id in uow.conn.execute(ended.limit(AT_ONCE)).scalars().all():
            for entry in self._read(uow, mou_id):
                yield from ((mou_id, one) for one in seals_in(entry))

    def _notes(self, uow: UnitOfWork, before_us: int) -> Due:
        """What was said of a look, a step or a move so long ago, and whom one had to ask before somebody else was named."""
        same_moment = (vault.sealed.c.station == log.c.station) & (vault.sealed.c.at_us == log.c.at_us)
        asked = (
            select(log)
            .join(vault.sealed, same_moment)
            .where(
                log.c.station == uow.station,
                log.c.kind.in_(NOTES),
                log.c.at_us <= before_us,
                vault.sealed.c.sort.in_(("asset_note", "asset_reason", "owner_contact")),
            )
            .order_by(log.c.seq)
        )
        owners = select(asset_owner.c.contact_ref).where(asset_owner.c.station == uow.station)
        in_use = set(uow.conn.execute(owners).scalars())
        found: dict[str, tuple[str, Sealed]] = {}
        for row in uow.conn.execute(asked):
            entry = self._entry(row)
            found |= {one.ref: (entry.event.subject, one) for one in seals_in(entry) if one.ref not in in_use}
            if len(found) >= AT_ONCE:
                break
        return found.values()

    def _of(self, field: str, uow: UnitOfWork, rows: Iterable[Any]) -> Due:
        """Every reference in the lines about these orders, loans or files."""
        wanted: dict[str, set[str]] = {}
        for row in rows:
            wanted.setdefault(row.asset_id, set()).add(row.id)
        for asset_id, ids in wanted.items():
            for entry in self._read(uow, asset_id):
                if getattr(entry.event, field, None) in ids:
                    yield from ((asset_id, one) for one in seals_in(entry))

    def _read(self, uow: UnitOfWork, subject: str) -> list[Entry]:
        return self._log().list_about(uow.conn, uow.station, subject)

    def _entry(self, row: Any) -> Entry:
        return self._log().entry_of(row)

    def _log(self) -> LogReader:
        if self._reader is None:
            self._reader = self._bus.reader()  # Not before: by now every event is wired.
        return self._reader
