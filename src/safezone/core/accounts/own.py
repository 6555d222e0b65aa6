"""What somebody does with an account of their own: takes it up, comes in with it, proves who they are, changes its secrets."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from safezone.core import vault
from safezone.core.accounts import commands as cmds
from safezone.core.accounts import events as ev
from safezone.core.accounts import refusals
from safezone.core.accounts.handlers import add_account, end_credentials, session_name
from safezone.core.accounts.selection import expiry_of, find_account, state_of, used_codes
from safezone.core.accounts.tables import known_browser
from safezone.core.auth import SESSION_HOURS, IssueCredential, Issued, find_invitation, issue
from safezone.core.bus import Bus
from safezone.core.credentials import CredentialRevoked, SessionProven, sha256_hex
from safezone.core.db import upsert
from safezone.core.identity import Identity, Role
from safezone.core.sessions import Hint, note_opened
from safezone.core.settings import Accounts
from safezone.core.work import UnitOfWork

NOTHING_ELSE: Final = cmds.Second()
NOWHERE: Final = Hint()
BROWSER_KNOWN_US: Final = 180 * 86_400 * 1_000_000
"""For so long a browser is known in which somebody has signed in."""


def register(bus: Bus, settings: Accounts) -> None:
    """The lane knows what people may do with their own accounts."""
    own = Own(settings)
    bus.handle(cmds.AcceptInvitation, own.accept)
    bus.handle(cmds.OpenAccountSession, own.open_session)
    bus.handle(cmds.ProveSession, prove)
    bus.handle(cmds.ChoosePassword, _choose_password)
    bus.handle(cmds.EnrolTotp, _enrol_totp)
    bus.handle(cmds.RemoveTotp, own.remove_totp)
    bus.handle(cmds.MakeRecoveryCodes, _make_codes)


def takes_second_factor(settings: Accounts, role: str) -> bool:
    """Whether somebody with this role comes in by password alone never."""
    return role in settings.second_factor_roles


def require_account(identity: Identity) -> str:
    """The id of the account of whoever asks; NotAllowed for a token, which has none."""
    if identity.role == "public":
        identity.require("admin")
    if identity.account_id is None:
        raise refusals.no_account_of_yours()
    return identity.account_id


class Own:
    """Knows whose second factor is asked for."""

    def __init__(self, settings: Accounts) -> None:
        self._settings = settings

    def accept(self, cmd: cmds.AcceptInvitation, uow: UnitOfWork) -> Issued:
        """The link is spent, the account has its secrets, a session is open."""
        link = find_invitation(uow.conn, uow.station, cmd.token, uow.at)
        uow.record(CredentialRevoked(credential_id=link.id, reason="used"))
        account_id = link.account_id
        if account_id is None:
            account_id = add_account(uow, cmd.login or "", cmds.Place(role=link.role))
        row = find_account(uow.conn, uow.station, account_id)
        if row is None or state_of(row, uow.at_us) != "invited":
            raise refusals.wrong_state("expired" if row is None else state_of(row, uow.at_us))
        if cmd.totp_secret is None and takes_second_factor(self._settings, row.role):
            raise refusals.second_factor_needed()
        _set_password(uow, row, cmd.password_hash, "invitation")
        by = ["password"]
        if cmd.totp_secret is not None:
            secret = uow.seal(cmd.totp_secret, "totp")
            uow.record(ev.TotpEnrolled(account_id=account_id, secret=secret, step=cmd.totp_step))
            by.append("totp")
        if cmd.recovery_hashes:
            _record_codes(uow, account_id, cmd.recovery_hashes)
        row = find_account(uow.conn, uow.station, account_id)
        return open_session_of(uow, row, tuple(by), hint=cmd.hint, browser_secret=cmd.browser_secret)

    def open_session(self, cmd: cmds.OpenAccountSession, uow: UnitOfWork) -> Issued:
        """A session of the account, proven just now; refused when the account has changed since it was looked at."""
        uow.identity.require("system")
        row = _unchanged(uow, cmd.account_id, cmd.password_ref, cmd.second)
        if takes_second_factor(self._settings, row.role) and len(cmd.by) < 2 and "passkey" not in cmd.by:
            raise refusals.closed("no_second_factor")
        return open_session_of(
            uow, row, cmd.by, second=cmd.second, hint=cmd.hint, browser_secret=cmd.browser_secret
        )

    def remove_totp(self, _cmd: cmds.RemoveTotp, uow: UnitOfWork) -> None:
        """The app is no second factor any more; Invalid where the role takes one."""
        row = _mine(uow)
        if takes_second_factor(self._settings, row.role):
            raise refusals.second_factor_needed()
        if row.totp_ref is not None:
            uow.record(ev.TotpRemoved(account_id=row.id))
            vault.erase(uow.conn, uow.station, [row.totp_ref])


def open_session_of(
    uow: UnitOfWork,
    row: Any,
    by: tuple[str, ...],
    *,
    second: cmds.Second = NOTHING_ELSE,
    hint: Hint = NOWHERE,
    browser_secret: str = "",
) -> Issued:
    """A session of this account, which whoever holds it has proven just now by `by`; it ends with the account at the latest."""
    longest_s = SESSION_HOURS * 3600
    expires_at = expiry_of(row)
    if expires_at is not None:
        longest_s = min(longest_s, max(1, int((expires_at - uow.at).total_seconds())))
    role: Role = row.role
    asked = IssueCredential(
        sort="session",
        role=role,
        name=session_name(row.unit_id, row.login),
        unit_id=row.unit_id,
        partner_id=row.partner_id,
        lifetime_s=longest_s,
        account_id=row.id,
        reach=row.reach or "station",
    )
    issued = issue(asked, uow, proven=True)
    _record_proof(uow, row.id, issued.credential_id, "sign_in", by, second)
    note_opened(uow, issued.credential_id, hint)
    if browser_secret:
        _remember_browser(uow, row.id, browser_secret)
    return issued


def _record_proof(
    uow: UnitOfWork,
    account_id: str,
    credential_id: str,
    occasion: Any,
    by: tuple[str, ...],
    second: cmds.Second,
) -> None:
    uow.record(
        SessionProven(
            account_id=account_id,
            credential_id=credential_id,
            occasion=occasion,
            by=by,
            totp_step=second.totp_step,
            recovery_code=second.recovery_code,
        )
    )


def _remember_browser(uow: UnitOfWork, account_id: str, secret: str) -> None:
    row = {
        "station": uow.station,
        "account_id": account_id,
        "secret_sha256": sha256_hex(secret),
        "at_us": uow.at_us,
    }
    uow.conn.execute(
        upsert(known_browser, uow.conn)
        .values(row)
        .on_conflict_do_update(
            index_elements=["station", "account_id", "secret_sha256"], set_={"at_us": uow.at_us}
        )
    )
    old = (known_browser.c.station == uow.station) & (known_browser.c.at_us < uow.at_us - BROWSER_KNOWN_US)
    uow.conn.execute(known_browser.delete().where(old))


def _unchanged(uow: UnitOfWork, account_id: str, password_ref: str | None, second: cmds.Second) -> Any:
    """The account as it was when it was compared; a code that was used meanwhile, or a new password, is refused."""
    row = find_account(uow.conn, uow.station, account_id)
    if row is None:
        raise refusals.bad_sign_in()
    state = state_of(row, uow.at_us)
    if state in ("suspended", "expired"):
        raise refusals.closed(state)
    used_step = second.totp_step is not None and second.totp_step <= (row.totp_step or 0)
    used_code = second.recovery_code is not None and second.recovery_code in used_codes(row)
    if state != "active" or (password_ref or row.password_ref) != row.password_ref or used_step or used_code:
        raise refusals.bad_sign_in()
    return row


def _mine(uow: UnitOfWork) -> Any:
    row = find_account(uow.conn, uow.station, require_account(uow.identity))
    if row is None or row.state != "active":
        raise refusals.no_account_of_yours()
    return row


def prove(cmd: cmds.ProveSession, uow: UnitOfWork) -> None:
    """The session of whoever asks was proven just now; refused when the account has changed since it was looked at."""
    account_id = require_account(uow.identity)
    _unchanged(uow, account_id, cmd.password_ref, cmd.second)
    _record_proof(uow, account_id, uow.identity.credential_id or "", "step_up", cmd.by, cmd.second)


def _set_password(uow: UnitOfWork, row: Any, hashed: str, occasion: Any) -> None:
    uow.record(ev.PasswordChosen(account_id=row.id, hashed=uow.seal(hashed, "password"), occasion=occasion))
    if row.password_ref:
        vault.erase(uow.conn, uow.station, [row.password_ref])


def _choose_password(cmd: cmds.ChoosePassword, uow: UnitOfWork) -> None:
    row = _mine(uow)
    _set_password(uow, row, cmd.password_hash, "change")
    end_credentials(uow, row.id, "password changed", sorts=("session",), but=uow.identity.credential_id)


def _enrol_totp(cmd: cmds.EnrolTotp, uow: UnitOfWork) -> None:
    row = _mine(uow)
    uow.record(ev.TotpEnrolled(account_id=row.id, secret=uow.seal(cmd.secret, "totp"), step=cmd.step))
    if row.totp_ref:
        vault.erase(uow.conn, uow.station, [row.totp_ref])


def _make_codes(cmd: cmds.MakeRecoveryCodes, uow: UnitOfWork) -> None:
    row = _mine(uow)
    _record_codes(uow, row.id, cmd.hashes)
    if row.recovery_ref:
        vault.erase(uow.conn, uow.station, [row.recovery_ref])


def _record_codes(uow: UnitOfWork, account_id: str, hashes: tuple[str, ...]) -> None:
    hashed = uow.seal(msgspec.json.encode(hashes), "recovery_codes")
    uow.record(ev.RecoveryCodesMade(account_id=account_id, hashed=hashed, count=len(hashes)))
