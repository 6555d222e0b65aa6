"""Whom a request is from and why, carried along with it for the access log."""

from __future__ import annotations

from typing import Any, Final

from safezone.core.identity import Identity
from safezone.core.purpose import Purpose

_KEY: Final = "safezone_identity"
_PURPOSE: Final = "safezone_purpose"


def remember_identity(scope: Any, identity: Identity) -> None:
    """This request is from them."""
    scope.setdefault("state", {})[_KEY] = identity


def remembered_identity(scope: Any) -> Identity | None:
    """Whom this request is from; None where nobody has asked."""
    found: Identity | None = scope.get("state", {}).get(_KEY)
    return found


def remember_purpose(scope: Any, purpose: Purpose) -> None:
    """This request was made for that."""
    scope.setdefault("state", {})[_PURPOSE] = purpose


def remembered_purpose(scope: Any) -> tuple[str, str]:
    """The purpose's code and its case; empty where none was said."""
    found: Purpose | None = scope.get("state", {}).get(_PURPOSE)
    return ("", "") if found is None else (found.code, found.case)
