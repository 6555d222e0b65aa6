"""Answers that are prepared once for each version of what they are made of, because every emergency asks for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from sqlalchemy import Connection

from safezone.core.db import remembered

T = TypeVar("T")


class Remembered(Generic[T]):
    """What `build(conn, station)` made, kept per station until its version changes.

    The version is the id of the last event that changed the source, read in the caller's own transaction: so a
    reader never gets more or less than its transaction shows, also while a change is being made or undone.
    """

    def __init__(
        self,
        find_version: Callable[[Connection, str], str | None],
        build: Callable[[Connection, str], T],
    ) -> None:
        self._find_version = find_version
        self._build = build
        self._kept: dict[str, tuple[str, T]] = {}

    def find(self, conn: Connection, station: str) -> T | None:
        """The prepared answer; None when nothing was ever recorded for the station."""
        known = remembered(conn)
        key = f"{id(self)}:{station}"
        if key not in known:
            known[key] = self._find_version(conn, station)
        version: str | None = known[key]
        if version is None:
            return None
        kept = self._kept.get(station)
        if kept is not None and kept[0] == version:
            return kept[1]
        made = self._build(conn, station)
        self._kept[station] = (version, made)
        return made
