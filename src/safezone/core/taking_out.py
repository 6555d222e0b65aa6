"""Nothing leaves the station before it is proven who takes it and said why: the one way of every export."""

from __future__ import annotations

from typing import Any, Final

from safezone.core.accounts.proof import require_recent_proof
from safezone.core.desk import Desk
from safezone.core.identity import Identity
from safezone.core.purpose import DeclareLook, Purpose

_PURPOSE: Final = "safezone_purpose"


async def declare_export(desk: Desk, identity: Identity, scope: Any, look: DeclareLook) -> None:
    """Whoever asks has proven lately who they are (or is a machine that may), and why stands in the log.

    Before the first byte: NotAllowed or Invalid otherwise. `scope` is the request's, by which the access log knows why.
    """
    require_recent_proof(identity, desk.clock.now())
    await desk.execute(look, identity)
    scope.setdefault("state", {})[_PURPOSE] = look.purpose


def remembered_purpose(scope: Any) -> tuple[str, str]:
    """The purpose's code and its case with which a request was declared; empty where none was said."""
    found: Purpose | None = scope.get("state", {}).get(_PURPOSE)
    return ("", "") if found is None else (found.code, found.case)
