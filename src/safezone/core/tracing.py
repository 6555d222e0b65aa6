"""Which trace the work at hand belongs to: usually none, because nobody wants any, and then this costs nothing.

A trace is named by a traceparent (W3C Trace Context, "00-<trace>-<span>-01"): a plain text that goes with the work from
the door to the lane, to the screens, and to other processes. Only work that is to be recorded has one.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Final

current: Final[ContextVar[str | None]] = ContextVar("traceparent", default=None)


def trace_id() -> str | None:
    """The trace of the work at hand, as 32 hexadecimal digits."""
    traceparent = current.get()
    return None if traceparent is None else traceparent[3:35]
