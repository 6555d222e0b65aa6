"""What may be used once, a challenge or the state of a way to the provider; kept until it would be too old anyway."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select

from safezone.core.accounts.tables import spent_ticket
from safezone.core.credentials import sha256_hex
from safezone.core.errors import Refused
from safezone.core.i18n import Words
from safezone.core.work import UnitOfWork

KEPT_US: Final = 30 * 60 * 1_000_000
"""Longer than any ticket is good for."""


def spend(uow: UnitOfWork, once: str) -> None:
    """It is used now; Refused when it was used before. Only what was proven comes here, so that no flood fills the table."""
    digest = sha256_hex(once)
    mine = spent_ticket.c.station == uow.station
    if uow.conn.execute(select(spent_ticket.c.at_us).where(mine, spent_ticket.c.digest == digest)).first():
        raise Refused(
            "used_already",
            Words(th="การยืนยันนี้ใช้ไปแล้ว กรุณาเริ่มใหม่", en="This proof was used already; begin again."),
        )
    uow.conn.execute(spent_ticket.insert(), {"station": uow.station, "digest": digest, "at_us": uow.at_us})
    uow.conn.execute(spent_ticket.delete().where(mine, spent_ticket.c.at_us < uow.at_us - KEPT_US))
