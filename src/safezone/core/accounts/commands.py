"""What may be asked about accounts."""

from __future__ import annotations

from datetime import datetime

import msgspec

from safezone.core.identity import Reach, Role
from safezone.core.sessions import Hint


class Person(msgspec.Struct, frozen=True):
    """Who somebody is; sealed wherever it is kept."""

    full_name: str = ""
    phone: str = ""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """What an account may do and until when."""

    role: Role
    duty: str = ""
    unit_id: str | None = None
    partner_id: str | None = None
    scope: str | None = None
    """The province or region of a commander, in words: a note, which lets nobody see another station."""
    reach: Reach = "station"
    """Whether a commander also sees the stations that have named this one as the seat of their region."""
    expires_at: datetime | None = None
    person: Person = Person()


class CreateAccount(msgspec.Struct, frozen=True):
    """Somebody is to have an account; answers with `Invited`."""

    login: str
    place: Place


class ChangeAccount(msgspec.Struct, frozen=True):
    """The account is to be as this says. Its sessions end when that changes what they may do."""

    account_id: str
    place: Place


class SuspendAccount(msgspec.Struct, frozen=True):
    """Let nobody in with the account for now; its sessions end at once."""

    account_id: str
    reason: str = ""


class ResumeAccount(msgspec.Struct, frozen=True):
    """Let them in again."""

    account_id: str


class ResetAccount(msgspec.Struct, frozen=True):
    """A new link, with which password and second factor are chosen anew; answers with `Invited`."""

    account_id: str


class EraseAccount(msgspec.Struct, frozen=True):
    """Forget who it was, for good."""

    account_id: str


class Invited(msgspec.Struct, frozen=True):
    """An account and the link for it; the link's secret is shown this once."""

    account_id: str
    secret: str


class Second(msgspec.Struct, frozen=True):
    """What was shown besides the password: a code of the app (its interval), or one of the recovery codes."""

    totp_step: int | None = None
    recovery_code: int | None = None


class AcceptInvitation(msgspec.Struct, frozen=True, kw_only=True):
    """Spend the link: the account has this password (and second factor), and a session is open. Answers with `Issued`."""

    token: str
    login: str | None = None
    """For the link with which the first administrator chooses a name."""
    password_hash: str
    totp_secret: str | None = None
    totp_step: int = 0
    recovery_hashes: tuple[str, ...] = ()
    hint: Hint = Hint()
    browser_secret: str = ""
    """By what this browser is known the next time."""


class OpenAccountSession(msgspec.Struct, frozen=True, kw_only=True):
    """Open a session for whoever has shown `by`; answers with `Issued`. Only the program itself may ask for it.

    `password_ref` is the password that was compared: when another was chosen meanwhile, nothing is opened.
    """

    account_id: str
    by: tuple[str, ...]
    password_ref: str | None = None
    second: Second = Second()
    hint: Hint = Hint()
    browser_secret: str = ""


class ProveSession(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever asks has just shown `by` once more; answers with nothing."""

    by: tuple[str, ...]
    password_ref: str | None = None
    second: Second = Second()


class ChoosePassword(msgspec.Struct, frozen=True):
    """My new password; the other sessions of mine end."""

    password_hash: str


class EnrolTotp(msgspec.Struct, frozen=True):
    """My second factor is this app, which has just made the code of interval `step`."""

    secret: str
    step: int


class RemoveTotp(msgspec.Struct, frozen=True):
    """I have no such app any more."""


class MakeRecoveryCodes(msgspec.Struct, frozen=True):
    """New recovery codes for me, by their hashes."""

    hashes: tuple[str, ...]


class EndSession(msgspec.Struct, frozen=True):
    """End one session: mine, or, for an administrator, anybody's."""

    credential_id: str


class EndSessions(msgspec.Struct, frozen=True):
    """End every session of an account but the one that asks."""

    account_id: str
