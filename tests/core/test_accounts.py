"""Accounts: taken up with a link, used, suspended, reset and forgotten; the last administrator stays."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from safezone.core.accounts import commands as cmds
from safezone.core.accounts import forgetting, handlers, own
from safezone.core.accounts.passwords import hash_password, is_password
from safezone.core.accounts.proof import require_recent_proof
from safezone.core.accounts.rules import erased_login, hash_recovery
from safezone.core.accounts.selection import find_secrets, open_persons
from safezone.core.accounts.tables import account, known_browser
from safezone.core.auth import IssueCredential, Issued, OpenSession
from safezone.core.db import to_us
from safezone.core.errors import Conflict, Invalid, NotAllowed, NotFound, NotSignedIn
from safezone.core.identity import Identity, Role, public, system
from safezone.core.sessions import Hint, NoteUse
from safezone.core.settings import Accounts
from safezone.core.vault import sealed
from tests.core.ground import STATION, SYSTEM, Ground
from tests.support.engines import EngineName, bytes_on_disk

ANYBODY = public(STATION)
ADMIN = Identity(STATION, "admin", "root")
SECRET = base64.b32encode(b"a secret of twenty b").decode()
HASH = hash_password("a long enough password")


@pytest.fixture
def ground(tmp_path: Path, engine: EngineName) -> Iterator[Ground]:
    ground = Ground(tmp_path)
    handlers.register(ground.bus)
    forgetting.register(ground.bus)
    own.register(ground.bus, Accounts())
    yield ground
    ground.close()


def invite(ground: Ground, login: str, role: Role = "operator", **more: Any) -> cmds.Invited:
    invited: cmds.Invited = ground.do(cmds.CreateAccount(login, cmds.Place(role=role, **more)), ADMIN)
    return invited


def accept(ground: Ground, secret: str, **more: Any) -> Issued:
    asked = {"password_hash": HASH, "totp_secret": SECRET, "totp_step": 1, **more}
    issued: Issued = ground.do(cmds.AcceptInvitation(token=secret, **asked), ANYBODY)
    return issued


def person(ground: Ground, login: str, role: Role = "operator", **more: Any) -> Issued:
    return accept(ground, invite(ground, login, role, **more).secret)


def set_clock(ground: Ground, at: datetime) -> None:
    ground.clock.advance((at - ground.clock.now()).total_seconds())


def row_of(ground: Ground, login: str) -> Any:
    (row,) = ground.rows(select(account).where(account.c.login == login))
    return row


def sign_in(ground: Ground, account_id: str | None, **more: Any) -> Issued:
    asked = {"by": ("password", "totp"), "second": cmds.Second(totp_step=2), **more}
    issued: Issued = ground.do(cmds.OpenAccountSession(account_id=account_id or "", **asked), SYSTEM)
    return issued


def test_an_account_is_taken_up_with_its_link_once(ground: Ground) -> None:
    invited = invite(ground, "Somchai", person=cmds.Person("สมชาย ใจดี", "0800000000"), duty="radio")
    assert ground.authenticator.find(invited.secret) is None, "the link itself lets nobody in"
    with pytest.raises(NotAllowed, match="choose_password"):
        ground.do(OpenSession(invited.secret), ANYBODY)
    opened = accept(ground, invited.secret, recovery_hashes=("a", "b"))
    assert opened.identity.actor == "operator:somchai"
    assert ground.authenticator.get(opened.secret).account_id == invited.account_id
    row = row_of(ground, "somchai")
    assert (row.state, row.recovery_left, row.totp_step) == ("active", 2, 1)
    with pytest.raises(NotSignedIn):
        accept(ground, invited.secret)
    assert ground.verdict().content
    before = ground.rows(select(account))
    ground.rebuild()
    assert ground.rows(select(account)) == before


def test_what_is_a_persons_secret_is_sealed_and_goes_with_the_account(ground: Ground) -> None:
    kept = ("สมชาย", "0800000000", HASH, SECRET, "recovery-hash")
    person(ground, "stays", "admin")
    invited = invite(ground, "somchai", person=cmds.Person("สมชาย", "0800000000"))
    opened = accept(ground, invited.secret, recovery_hashes=("recovery-hash",))
    log = repr(ground.log())
    assert not [each for each in kept if each in log]
    assert not [each for each in kept if each.encode() in bytes_on_disk(ground.file.parent)]
    with ground.database.read() as conn:
        found = find_secrets(conn, STATION, 0, login="somchai")
        who = open_persons(conn, STATION, [row_of(ground, "somchai").person_ref])
    assert (found.password_hash, found.totp_secret, found.recovery_hashes) == (
        HASH,
        SECRET,
        ("recovery-hash",),
    )
    assert [each.full_name for each in who.values()] == ["สมชาย"]
    sealed_before = len(ground.rows(select(sealed)))
    ground.do(cmds.EraseAccount(invited.account_id), ADMIN)
    assert sealed_before - len(ground.rows(select(sealed))) == 4
    assert ground.authenticator.find(opened.secret) is None
    row = row_of(ground, erased_login("somchai"))
    assert (row.state, row.person_ref, row.password_ref, row.totp_ref) == ("erased", None, None, None)
    assert ground.verdict().content
    with pytest.raises(Conflict, match="login_taken"):
        invite(ground, "ＳＯＭＣＨＡＩ")


@pytest.mark.parametrize("login", ["", "a", "two words", "a:b", "a/b", ".a", "x" * 41, "a\u200bb"])
def test_some_names_cannot_be_signed_in_with(ground: Ground, login: str) -> None:
    with pytest.raises(Invalid, match="bad_login"):
        invite(ground, login)


def test_an_account_belongs_to_what_its_role_asks_for(ground: Ground) -> None:
    for role, more in {"unit": {}, "partner": {}, "operator": {"unit_id": "car-1"}}.items():
        with pytest.raises(Invalid, match="credential_of_nobody"):
            invite(ground, "somchai", role, **more)  # type: ignore[arg-type]
    opened = person(ground, "somchai", "unit", unit_id="car-1")
    assert (opened.identity.actor, opened.identity.unit_id) == ("unit:car-1/somchai", "car-1")


@pytest.mark.parametrize("role", ["operator", "supervisor", "auditor", "unit", "chief"])
def test_only_an_administrator_looks_after_accounts(ground: Ground, role: Role) -> None:
    somebody = person(ground, "somchai")
    account_id = somebody.identity.account_id or ""
    who = Identity(STATION, role, "x")
    place = cmds.Place(role="operator")
    for command in (
        cmds.CreateAccount("other", place),
        cmds.ChangeAccount(account_id, place),
        cmds.SuspendAccount(account_id),
        cmds.ResumeAccount(account_id),
        cmds.ResetAccount(account_id),
        cmds.EraseAccount(account_id),
        cmds.EndSessions(account_id),
        cmds.OpenAccountSession(account_id=account_id, by=("password",)),
    ):
        with pytest.raises(NotAllowed, match="not_your_role"):
            ground.do(command, who)
    assert ground.authenticator.find(somebody.secret)


def test_a_suspended_account_is_out_at_once_and_comes_back_when_resumed(ground: Ground) -> None:
    first = person(ground, "somchai")
    account_id = first.identity.account_id or ""
    second = sign_in(ground, account_id)
    with pytest.raises(NotSignedIn):
        ground.do(OpenSession(first.secret), ANYBODY)
    spare = ground.do(cmds.ResetAccount(invite(ground, "other").account_id), ADMIN)
    ground.do(cmds.SuspendAccount(account_id, "ลาออก"), ADMIN)
    for one in (first, second):
        assert ground.authenticator.find(one.secret) is None
    with pytest.raises(NotAllowed, match="account_suspended"):
        sign_in(ground, account_id, second=cmds.Second(totp_step=3))
    ground.do(cmds.ResumeAccount(account_id), ADMIN)
    assert sign_in(ground, account_id, second=cmds.Second(totp_step=3)).secret
    assert accept(ground, spare.secret).identity.name == "other", "nobody else's link was touched"
    assert "ลาออก" not in repr(ground.log())


def test_an_account_ends_by_the_clock(ground: Ground) -> None:
    ends = ground.clock.now() + timedelta(hours=2)
    opened = person(ground, "somchai", expires_at=ends)
    assert opened.identity.expires_at == ends
    set_clock(ground, ends - timedelta(seconds=1))
    assert ground.authenticator.find(opened.secret)
    set_clock(ground, ends)
    assert ground.authenticator.find(opened.secret) is None
    with pytest.raises(NotAllowed, match="account_expired"):
        sign_in(ground, opened.identity.account_id)
    with pytest.raises(Invalid, match="expires_in_the_past"):
        invite(ground, "late", expires_at=ends)


def test_whoever_may_do_something_else_signs_in_anew(ground: Ground) -> None:
    opened = person(ground, "somchai")
    account_id = opened.identity.account_id or ""
    ground.do(cmds.ChangeAccount(account_id, cmds.Place(role="operator", duty="night")), ADMIN)
    assert ground.authenticator.find(opened.secret), "the words alone have changed"
    ground.do(cmds.ChangeAccount(account_id, cmds.Place(role="technician")), ADMIN)
    assert ground.authenticator.find(opened.secret) is None
    assert sign_in(ground, account_id).identity.role == "technician"


def test_the_last_administrator_can_neither_be_put_out_nor_become_something_else(ground: Ground) -> None:
    one = person(ground, "one", "admin").identity.account_id or ""
    invite(ground, "two", "admin")  # Has not chosen a password yet: counts for nothing.
    ends = ground.clock.now() + timedelta(hours=1)
    three = person(ground, "three", "admin", expires_at=ends).identity.account_id or ""
    ground.do(cmds.SuspendAccount(three), ADMIN)
    operator = cmds.Place(role="operator")
    asked = (
        cmds.SuspendAccount(one),
        cmds.ChangeAccount(one, operator),
        cmds.ResetAccount(one),
        cmds.EraseAccount(one),
    )
    for command in asked:
        with pytest.raises(Conflict, match="last_admin"):
            ground.do(command, ADMIN)
    ground.do(cmds.ResumeAccount(three), ADMIN)
    ground.do(cmds.SuspendAccount(one), ADMIN)
    ground.do(cmds.ResumeAccount(one), ADMIN)
    set_clock(ground, ends)
    with pytest.raises(Conflict, match="last_admin"):
        ground.do(asked[0], ADMIN)  # The other one's time is over.
    ground.do(cmds.ResetAccount(one), SYSTEM)  # From the machine's own console it can always be mended.


def test_a_second_factor_is_taken_where_the_role_takes_one(ground: Ground) -> None:
    with pytest.raises(Invalid, match="second_factor_needed"):
        accept(ground, invite(ground, "auditor", "auditor").secret, totp_secret=None)
    opened = accept(ground, invite(ground, "somchai").secret, totp_secret=None)
    account_id = opened.identity.account_id or ""
    assert sign_in(ground, account_id, by=("password",), second=cmds.Second()).secret
    ground.do(cmds.ChangeAccount(account_id, cmds.Place(role="supervisor")), ADMIN)
    with pytest.raises(NotAllowed, match="account_no_second_factor"):
        sign_in(ground, account_id, by=("password",), second=cmds.Second())


def test_a_code_and_a_recovery_code_are_taken_once(ground: Ground) -> None:
    hashes = tuple(map(hash_recovery, ("AAAA-AAAA-AAAA", "BBBB-BBBB-BBBB")))
    opened = accept(ground, invite(ground, "somchai").secret, recovery_hashes=hashes)
    account_id = opened.identity.account_id
    assert sign_in(ground, account_id, second=cmds.Second(totp_step=5)).secret
    for again in (cmds.Second(totp_step=5), cmds.Second(totp_step=4)):
        with pytest.raises(NotSignedIn, match="bad_sign_in"):
            sign_in(ground, account_id, second=again)
    assert sign_in(ground, account_id, second=cmds.Second(recovery_code=1)).secret
    with pytest.raises(NotSignedIn, match="bad_sign_in"):
        sign_in(ground, account_id, second=cmds.Second(recovery_code=1))
    assert sign_in(ground, account_id, second=cmds.Second(recovery_code=0)).secret
    assert row_of(ground, "somchai").recovery_left == 0
    assert ground.verdict().content


def test_a_password_that_was_changed_while_it_was_compared_opens_nothing(ground: Ground) -> None:
    opened = person(ground, "somchai")
    before = row_of(ground, "somchai").password_ref
    other = sign_in(ground, opened.identity.account_id)
    ground.do(cmds.ChoosePassword(hash_password("another good password")), opened.identity)
    assert ground.authenticator.find(opened.secret), "whoever changed it stays"
    assert ground.authenticator.find(other.secret) is None, "everybody else signs in anew"
    with pytest.raises(NotSignedIn, match="bad_sign_in"):
        sign_in(ground, opened.identity.account_id, password_ref=before, second=cmds.Second(totp_step=9))


def test_a_reset_account_begins_again_with_a_new_link(ground: Ground) -> None:
    opened = person(ground, "somchai")
    account_id = opened.identity.account_id or ""
    first = ground.do(cmds.ResetAccount(account_id), ADMIN)
    second = ground.do(cmds.ResetAccount(account_id), ADMIN)
    assert ground.authenticator.find(opened.secret) is None
    with pytest.raises(NotSignedIn):
        sign_in(ground, account_id, by=("password",), second=cmds.Second())
    with pytest.raises(NotSignedIn):
        accept(ground, first.secret)
    assert accept(ground, second.secret).identity.account_id == account_id


def test_the_first_administrator_chooses_a_name(ground: Ground) -> None:
    ask = IssueCredential(sort="one_time_link", role="admin", name="first")
    link: Issued = ground.do(ask)
    with pytest.raises(Invalid, match="bad_login"):
        accept(ground, link.secret)
    opened = accept(ground, link.secret, login="Somsri")
    assert (opened.identity.actor, row_of(ground, "somsri").state) == ("admin:somsri", "active")


def test_an_export_takes_a_proof_that_is_fresh(ground: Ground) -> None:
    opened = person(ground, "somchai")
    identity = ground.authenticator.get(opened.secret)
    at = ground.clock.now()
    require_recent_proof(identity, at + timedelta(minutes=9))
    with pytest.raises(NotAllowed, match="step_up_needed"):
        require_recent_proof(identity, at + timedelta(minutes=10))
    set_clock(ground, at + timedelta(minutes=30))
    ground.do(cmds.ProveSession(by=("totp",), second=cmds.Second(totp_step=7)), identity)
    require_recent_proof(ground.authenticator.get(opened.secret), ground.clock.now())
    with pytest.raises(NotSignedIn, match="bad_sign_in"):
        ground.do(cmds.ProveSession(by=("totp",), second=cmds.Second(totp_step=7)), identity)
    token = ground.do(IssueCredential(sort="token", role="auditor", name="machine"))
    with pytest.raises(NotAllowed, match="exports_not_given"):
        require_recent_proof(ground.authenticator.get(token.secret), at)
    with pytest.raises(NotAllowed, match="no_account"):
        ground.do(cmds.ProveSession(by=("password",)), token.identity)
    given = ground.do(IssueCredential(sort="token", role="auditor", name="machine", exports=True))
    require_recent_proof(ground.authenticator.get(given.secret), at)
    require_recent_proof(system(STATION, "job"), at)


def test_sessions_are_ended_by_whose_they_are_and_by_an_administrator(ground: Ground) -> None:
    mine, also_mine = person(ground, "somchai"), None
    also_mine = sign_in(ground, mine.identity.account_id)
    other = person(ground, "other")
    with pytest.raises(NotFound, match="no_session"):
        ground.do(cmds.EndSession(mine.credential_id or ""), other.identity)
    ground.do(cmds.EndSession(also_mine.credential_id or ""), mine.identity)
    assert ground.authenticator.find(also_mine.secret) is None
    ground.do(cmds.EndSessions(mine.identity.account_id or ""), ADMIN)
    assert ground.authenticator.find(mine.secret) is None
    assert ground.authenticator.find(other.secret)


def test_a_session_that_nobody_uses_ends(ground: Ground) -> None:
    from safezone.core.authenticator import Authenticator

    opened = person(ground, "somchai")
    here, there = (
        Authenticator(ground.database, ground.clock, ground.lane, STATION, idle_s=3600) for _ in range(2)
    )
    start = ground.clock.now()
    assert here.find(opened.secret)
    set_clock(ground, start + timedelta(minutes=50))
    assert here.find(opened.secret)
    used = here.take_used(0)
    assert used == {opened.credential_id: to_us(ground.clock.now())}
    set_clock(ground, start + timedelta(minutes=100))
    assert there.find(opened.secret) is None, "the other program has heard nothing of it yet"
    ground.do(NoteUse(used))
    assert there.find(opened.secret), "it was used 50 minutes ago, by another program"
    set_clock(ground, start + timedelta(minutes=161))
    assert here.find(opened.secret) is None
    token = ground.do(IssueCredential(sort="token", role="operator", name="machine"))
    set_clock(ground, start + timedelta(days=9))
    assert here.find(token.secret), "a token is no session"


def test_a_browser_is_known_to_those_who_signed_in_with_it(ground: Ground) -> None:
    opened = person(ground, "somchai")
    person(ground, "other")
    hint = Hint("127.0.0.1", "Firefox")
    sign_in(ground, opened.identity.account_id, browser_secret="of this browser", hint=hint)
    with ground.database.read() as conn:
        known = [
            find_secrets(conn, STATION, 0, login=login, browser_secret=secret).knows_browser
            for login, secret in (
                ("somchai", "of this browser"), ("somchai", "another"), ("somchai", ""), ("other", "of this browser"),
            )
        ]  # fmt: skip
    assert known == [True, False, False, False]
    assert "of this browser" not in repr(ground.rows(select(known_browser)))


def test_a_password_is_compared_and_a_missing_one_is_not_right() -> None:
    assert is_password(HASH, "a long enough password")
    assert not is_password(HASH, "a long enough passwort")
    assert not is_password(None, "anything at all")
    assert not is_password("not a hash", "anything at all")
    # The same letters, composed and not: keyboards differ.
    assert is_password(hash_password("caf\u00e9 caf\u00e9 "), "cafe\u0301 cafe\u0301 ")
