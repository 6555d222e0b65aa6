"""Accounts that nobody can use any more are forgotten in time; the last administrator, and whoever a case may ask for, are not."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import select

from safezone.core.accounts import commands as cmds
from safezone.core.accounts.passkeys import AddPasskey, KeyContent
from safezone.core.accounts.provider_links import LinkProvider, Subject
from safezone.core.accounts.rules import erased_login
from safezone.core.accounts.tables import account, known_browser, passkey, provider_link
from safezone.core.audit import Filter
from safezone.core.auth import Issued
from safezone.core.credentials import credential
from safezone.core.errors import Conflict
from safezone.core.event import kind_of
from safezone.core.identity import Role, public
from safezone.core.sessions import Hint, session_use
from safezone.core.vault import sealed
from safezone.entrypoints.audit.export import cells_of
from safezone.entrypoints.audit.timeline import Cursor, read_page
from safezone.events import incidents as ev
from safezone.incidents import commands as of_incidents
from safezone.incidents import retention
from safezone.incidents.commands import EraseDue
from tests.incidents.desk import SUPERVISOR, SYSTEM, Desk
from tests.support.engines import EngineName
from tests.support.station import STATION, who

DAY_S = 86_400
ADMIN = who("admin")
SECRET = base64.b32encode(b"a secret of twenty b").decode()


@pytest.fixture
def desk(tmp_path: Path, engine: EngineName) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.close()


def invite(desk: Desk, login: str, role: Role = "operator", days: int | None = None) -> cmds.Invited:
    """An account that ends in so many days."""
    ends = None if days is None else desk.clock.now() + timedelta(days=days)
    place = cmds.Place(role=role, person=cmds.Person(f"ชื่อของ {login}", "0800000000"), expires_at=ends)
    invited: cmds.Invited = desk.do(cmds.CreateAccount(login, place), ADMIN)
    return invited


def person(desk: Desk, login: str, role: Role = "operator", days: int | None = None) -> Issued:
    """Somebody with everything that an account can have."""
    asked = cmds.AcceptInvitation(
        token=invite(desk, login, role, days).secret,
        password_hash="$argon2id$x",
        totp_secret=SECRET,
        totp_step=1,
        recovery_hashes=("a", "b"),
        hint=Hint("10.0.0.7", "Firefox, Linux"),
        browser_secret=f"browser of {login}",
    )
    issued: Issued = desk.do(asked, public(STATION))
    seen = replace(issued.identity, proven_at=desk.clock.now())
    content = KeyContent("โทรศัพท์", login.encode(), b"key", "localhost")
    desk.do(AddPasskey(content, f"key {login}", 1, False), seen)
    desk.do(LinkProvider(Subject("https://login.example", login), f"link {login}"), seen)
    return issued


def erase(desk: Desk, days: int = 30) -> int:
    gone: int = desk.do(EraseDue("account", days), SYSTEM)
    return gone


def states(desk: Desk) -> dict[str, str]:
    return {row.login: row.state for row in desk.rows(select(account))}


def test_an_account_that_has_expired_is_forgotten_with_everything_of_it(desk: Desk) -> None:
    left_before = len(desk.rows(select(sealed)))
    opened = person(desk, "somchai", days=10)
    account_id = opened.identity.account_id or ""
    desk.clock.advance(39 * DAY_S)
    assert erase(desk) == 0, "not before its days are over"
    desk.clock.advance(DAY_S)
    assert erase(desk) == 6, "person, password, app, recovery codes, passkey, name at the provider"
    assert states(desk) == {erased_login("somchai"): "erased"}
    for table in (passkey, provider_link, known_browser):
        assert not desk.rows(select(table)), table.name
    assert len(desk.rows(select(sealed))) == left_before
    mine = select(credential).where(credential.c.account_id == account_id)
    assert {row.name for row in desk.rows(mine)} == {f"#{account_id}"}
    used = select(session_use).where(session_use.c.credential_id == opened.credential_id)
    assert not desk.rows(used)
    assert erase(desk) == 0, "once"
    assert desk.verdict().content
    with pytest.raises(Conflict, match="login_taken"):
        invite(desk, "somchai")


def test_the_certificate_names_everything_that_went(desk: Desk) -> None:
    account_id = person(desk, "somchai", days=1).identity.account_id
    desk.clock.advance(31 * DAY_S)
    erase(desk)
    (gone,) = [e.event for e in desk.log() if isinstance(e.event, ev.ContentErased)]
    assert (gone.data_class, gone.records, gone.subjects) == ("account", 6, (account_id,))
    with desk.read() as conn:
        text = retention.write_certificate(conn, who("auditor"), gone.erasure_id, desk.desk)
    assert "accounts that have ended" in text
    assert "บัญชีผู้ใช้ที่สิ้นสุดแล้ว" in text
    assert "neither key nor content of any of 6" in text
    assert all(f"{ref}  -" not in text for ref in gone.refs), "each is named with its keyed hash"
    assert "somchai" not in text


@pytest.mark.parametrize("ended", ["suspended", "never taken up", "in use"])
def test_when_an_account_has_ended(desk: Desk, ended: str) -> None:
    if ended == "never taken up":
        invite(desk, "somchai")
        desk.clock.advance(3 * DAY_S)
    else:
        opened = person(desk, "somchai")
        desk.clock.advance(100 * DAY_S)
        if ended == "suspended":
            why = cmds.SuspendAccount(opened.identity.account_id or "", "ย้ายสถานี")
            desk.do(why, ADMIN)
    desk.clock.advance(30 * DAY_S - 1)
    assert erase(desk) == 0
    desk.clock.advance(1)
    assert erase(desk) == {"suspended": 7, "never taken up": 1, "in use": 0}[ended]
    assert desk.verdict().content


def test_the_last_administrator_stays(desk: Desk) -> None:
    for login in ("first", "second"):
        person(desk, login, "admin", days=5)
    desk.clock.advance(400 * DAY_S)
    assert erase(desk) == 0, "with none who can sign in, those who could stay: they are brought back"
    person(desk, "third", "admin")
    assert erase(desk) == 12
    assert [state for state in states(desk).values() if state == "active"] == ["active"]
    desk.clock.advance(400 * DAY_S)
    assert erase(desk) == 0


def test_who_worked_on_an_incident_that_is_held_stays_until_it_is_lifted(desk: Desk) -> None:
    people = {login: person(desk, login, days=5) for login in ("worked", "merged", "idle")}
    first, second = desk.opened(), desk.opened(about="noise")
    for login, view in (("worked", first), ("merged", second)):
        identity = people[login].identity
        desk.do(of_incidents.AddNote(view.id, "จด"), identity)
    view = desk.view(second.id)
    desk.do(of_incidents.MergeIncident(view.id, view.version, first.id), SUPERVISOR)
    desk.do(of_incidents.PlaceHold(first.id, "คดี 1"), SUPERVISOR)
    desk.clock.advance(100 * DAY_S)
    assert erase(desk) == 6
    assert {"worked", "merged"} < set(states(desk))
    desk.do(of_incidents.LiftHold(first.id, "คดีสิ้นสุด"), SUPERVISOR)
    assert erase(desk) == 12


def test_the_timeline_says_which_account_it_was_and_not_its_name(desk: Desk, tmp_path: Path) -> None:
    opened = person(desk, "somchai", days=1)
    shown = f"operator:#{opened.identity.account_id}"
    desk.do(of_incidents.AddNote(desk.opened().id, "จด"), opened.identity)
    machine = person(desk, "stays").identity.actor

    def items(**wanted: Any) -> list[Any]:
        with desk.read() as conn:
            return read_page(conn, STATION, tmp_path, Filter(**wanted), "", Cursor(), 500).items

    assert {item.actor for item in items(kind="note_added")} == {"operator:somchai"}
    desk.clock.advance(40 * DAY_S)
    erase(desk)
    assert {item.actor for item in items(kind="note_added")} == {shown}
    assert {item.actor for item in items(actor=shown)} == {shown}, "what is shown can be looked for"
    assert len(items(actor=shown)) == len(items(actor="operator:somchai")) >= 3
    assert machine in {item.actor for item in items()}
    about = {item.about for item in items(kind="account_erased")}
    assert about == {shown.removeprefix("operator:")}
    assert not [item for item in items() if "somchai" in f"{item.actor} {item.about}"]
    (line,) = items(kind="note_added")
    assert cells_of(line)[2] == f"operator:บัญชีที่ลบแล้ว / erased account {opened.identity.account_id}"
    assert any(e.actor == "operator:somchai" and e.kind == kind_of(ev.NoteAdded) for e in desk.log())
