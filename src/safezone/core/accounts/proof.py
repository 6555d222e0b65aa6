"""Whether somebody has proven lately who they are: asked before anything leaves the station, or somebody is given power."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from safezone.core.accounts import refusals
from safezone.core.identity import Identity

FRESH_FOR: Final = timedelta(minutes=10)


def is_fresh(identity: Identity, at: datetime) -> bool:
    """Whether this session was proven in the last ten minutes."""
    return identity.proven_at is not None and identity.proven_at <= at < identity.proven_at + FRESH_FOR


def require_recent_proof(identity: Identity, at: datetime) -> None:
    """Return when this may be exported now; NotAllowed says how it may.

    A person has signed in, or shown password or code again, within ten minutes. A token has nobody behind it who could:
    it may when the administrator has given it out for that (`exports`).
    """
    if identity.account_id is None:
        if not (identity.exports or identity.role == "system"):
            raise refusals.exports_not_given()
    else:
        require_fresh_person(identity, at)


def require_fresh_person(identity: Identity, at: datetime) -> None:
    """Return unless it is a person who has not proven lately who they are: NotAllowed then.

    Before somebody is given power: or else whoever finds an administrator's screen open makes an account with it, and with that
    takes out what they may not from the screen itself.
    """
    if identity.account_id is not None and not is_fresh(identity, at):
        raise refusals.step_up_needed()
