"""What has happened to accounts. Hashes, secrets and names are sealed: whoever is forgotten is forgotten in the log too."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from safezone.core.event import Event, Sealed
from safezone.core.identity import Reach, Role


class AccountCreated(Event, frozen=True, tag="account_created"):
    """Somebody is going to have an account; nobody can sign in with it before a password was chosen."""

    subject_field = "account_id"
    account_id: str
    login: str
    role: Role
    duty: str = ""
    unit_id: str | None = None
    partner_id: str | None = None
    scope: str | None = None
    reach: Reach = "station"
    expires_at: datetime | None = None
    person: Sealed | None = None


class AccountChanged(Event, frozen=True, tag="account_changed"):
    """The account is as it says here from now on; its name to sign in by never changes."""

    subject_field = "account_id"
    account_id: str
    role: Role
    duty: str = ""
    unit_id: str | None = None
    partner_id: str | None = None
    scope: str | None = None
    reach: Reach = "station"
    expires_at: datetime | None = None
    person: Sealed | None = None


class AccountSuspended(Event, frozen=True, tag="account_suspended"):
    """Nobody signs in with the account until it is resumed."""

    subject_field = "account_id"
    account_id: str
    reason: Sealed | None = None


class AccountResumed(Event, frozen=True, tag="account_resumed"):
    """The account is as it was before it was suspended."""

    subject_field = "account_id"
    account_id: str


class AccountReset(Event, frozen=True, tag="account_reset"):
    """Password, second factor and recovery codes are worth nothing any more; new ones are chosen with a new link."""

    subject_field = "account_id"
    account_id: str


class PasswordChosen(Event, frozen=True, tag="password_chosen"):
    """The account has a (new) password. Its hash is sealed."""

    subject_field = "account_id"
    account_id: str
    hashed: Sealed
    occasion: Literal["invitation", "change"]


class TotpEnrolled(Event, frozen=True, tag="totp_enrolled"):
    """An app that makes codes is the account's second factor from now on. Its secret is sealed."""

    subject_field = "account_id"
    account_id: str
    secret: Sealed
    step: int
    """The interval of the code that proved it; it is not taken again."""


class TotpRemoved(Event, frozen=True, tag="totp_removed"):
    """The account has no app that makes codes any more."""

    subject_field = "account_id"
    account_id: str


class RecoveryCodesMade(Event, frozen=True, tag="recovery_codes_made"):
    """New recovery codes were shown once; older ones are worth nothing. Their hashes are sealed."""

    subject_field = "account_id"
    account_id: str
    hashed: Sealed
    count: int


class AccountErased(Event, frozen=True, tag="account_erased"):
    """Who it was is forgotten for good. Its name to sign in by stays in older lines of the log, is shown no more, and is
    given to nobody else.
    """

    subject_field = "account_id"
    account_id: str
