"""What an error of the database means: the database is in trouble, or one value cannot be kept."""

from __future__ import annotations

from typing import Final, TypeAlias

from sqlalchemy.exc import DataError, SQLAlchemyError

WrongValue: TypeAlias = DataError
"""A value can never be stored, or even compared, as it is: too long, too large, or text with a NUL character."""
_STORE_SIGNS: Final = ("disk is full", "disk i/o", "readonly", "malformed", "unable to open")
"""SQLite has no finer codes here than its words."""
_STORE_STATES: Final = ("08", "25006", "25P0", "40", "53", "55", "57", "58", "F0", "XX")
"""PostgreSQL: connection, read-only, failed transaction, rolled back, resources, locks, operator, system, files, internal."""


def is_trouble_of_the_store(problem: SQLAlchemyError) -> bool:
    """Whether the database itself is in trouble (full, gone, read-only, overtaken), rather than one statement wrong."""
    if getattr(problem, "connection_invalidated", False):
        return True
    cause = getattr(problem, "orig", None) or problem
    state = getattr(cause, "sqlstate", None)
    if state is not None:
        return bool(state.startswith(_STORE_STATES))
    return any(sign in str(cause).lower() for sign in _STORE_SIGNS)
