"""Whom a request is from, carried along with it for the access log."""

from __future__ import annotations

from typing import Any, Final

from safezone.core.identity import Identity

_KEY: Final = "safezone_identity"


def remember_identity(scope: Any, identity: Identity) -> None:
    """This request is from them."""
    scope.setdefault("state", {})[_KEY] = identity


def remembered_identity(scope: Any) -> Identity | None:
    """Whom this request is from; None where nobody has asked."""
    found: Identity | None = scope.get("state", {}).get(_KEY)
    return found
