"""Several commands as one: all of them are carried out in one unit of work, or none."""

from __future__ import annotations

from typing import Any

import msgspec

from safezone.core.bus import Bus
from safezone.core.work import UnitOfWork


class Together(msgspec.Struct, frozen=True):
    """Do these in order, all or nothing; answers with the list of their answers."""

    commands: list[Any]


def register(bus: Bus) -> None:
    """The lane knows how to do several commands as one."""

    def together(cmd: Together, uow: UnitOfWork) -> list[Any]:
        return [bus.handler_of(type(one))(one, uow) for one in cmd.commands]

    bus.handle(Together, together)
