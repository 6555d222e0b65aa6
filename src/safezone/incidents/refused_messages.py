"""Messages that nobody could understand: kept as they came, so that an administrator can see what a device says."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select

from safezone.core.ids import new_id
from safezone.core.work import UnitOfWork
from safezone.incidents.commands import KeepRefusedMessage
from safezone.incidents.tables import refused_message

MOST_KEPT: Final = 5000
MOST_BYTES: Final = 65_536


def keep_refused_message(cmd: KeepRefusedMessage, uow: UnitOfWork) -> str:
    """The message (its first 64 KiB) is kept with the reason, the oldest beyond 5,000 go; returns its id."""
    kept_id = new_id()
    uow.conn.execute(
        refused_message.insert(),
        {
            "station": uow.station,
            "id": kept_id,
            "at_us": uow.at_us,
            "door": cmd.door,
            "source": cmd.source[:200].replace("\0", "\ufffd"),
            "raw": cmd.raw[:MOST_BYTES],
            "reason_th": cmd.reason_th.replace("\0", "\ufffd"),
            "reason_en": cmd.reason_en.replace("\0", "\ufffd"),
        },
    )
    oldest_kept = (
        select(refused_message.c.at_us)
        .where(refused_message.c.station == uow.station)
        .order_by(refused_message.c.at_us.desc())
        .offset(MOST_KEPT)
        .limit(1)
        .scalar_subquery()
    )
    uow.conn.execute(
        refused_message.delete().where(
            refused_message.c.station == uow.station, refused_message.c.at_us <= oldest_kept
        )
    )
    return kept_id
