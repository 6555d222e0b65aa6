"""A request that is sent twice is done once: the answer to an `Idempotency-Key` is kept for a day."""

from __future__ import annotations

import hashlib
from typing import Any, Final

import msgspec
from sqlalchemy import BigInteger, Column, String, Text, bindparam, select

from safezone.core.bus import Bus
from safezone.core.db import table
from safezone.core.errors import Conflict
from safezone.core.i18n import Words
from safezone.core.work import UnitOfWork

KEEP_S: Final = 24 * 3600

answered_once = table(
    "answered_once",
    Column("station", String(32), primary_key=True),
    Column("key_sha256", String(64), primary_key=True),
    Column("request_sha256", String(64), nullable=False),
    Column("answer", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False, index=True),
    source="door",
)


class Once(msgspec.Struct, frozen=True):
    """Do `command` unless the same key was answered before; its answer must be plain JSON."""

    key: str
    command: Any


class ForgetAnswers(msgspec.Struct, frozen=True):
    """Drop the answers that are older than a day."""


_FIND: Final = select(answered_once).where(
    answered_once.c.station == bindparam("of_station"), answered_once.c.key_sha256 == bindparam("of_key")
)


def register(bus: Bus) -> None:
    """The lane knows how to do a command once."""

    def once(cmd: Once, uow: UnitOfWork) -> Any:
        # The key belongs to whoever sent it: nobody can read somebody else's answer by guessing it.
        key = hashlib.sha256(f"{uow.actor}\n{cmd.key}".encode()).hexdigest()
        request = hashlib.sha256(
            type(cmd.command).__name__.encode() + msgspec.json.encode(cmd.command)
        ).hexdigest()
        row = uow.conn.execute(_FIND, {"of_station": uow.station, "of_key": key}).first()
        if row is not None:
            if row.request_sha256 != request:
                raise Conflict(
                    "idempotency_key_reused",
                    Words(
                        th="Idempotency-Key นี้เคยใช้กับคำขออื่นแล้ว ให้ใช้ค่าใหม่",
                        en="This Idempotency-Key was used for a different request. Use a new one.",
                    ),
                )
            return msgspec.json.decode(row.answer)
        answer = bus.handler_of(type(cmd.command))(cmd.command, uow)
        values = {"station": uow.station, "key_sha256": key, "request_sha256": request, "at_us": uow.at_us}
        uow.conn.execute(answered_once.insert(), {**values, "answer": msgspec.json.encode(answer).decode()})
        return answer

    bus.handle(Once, once)
    bus.handle(ForgetAnswers, _forget)


def _forget(_cmd: ForgetAnswers, uow: UnitOfWork) -> int:
    too_old = answered_once.c.at_us < uow.at_us - KEEP_S * 1_000_000
    done = uow.conn.execute(answered_once.delete().where(answered_once.c.station == uow.station, too_old))
    return done.rowcount
