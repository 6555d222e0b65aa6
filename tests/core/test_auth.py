"""Who may come in: tokens, links that work once, devices and sessions; whoever is put out is out at once."""

from __future__ import annotations

import bcrypt
import pytest
from sqlalchemy import select

from safezone.core.auth import (
    SESSION_HOURS,
    CloseSession,
    IssueCredential,
    Issued,
    OpenSession,
    RevokeCredential,
)
from safezone.core.credential_list import list_credentials
from safezone.core.credentials import credential, device_username
from safezone.core.devices import list_devices
from safezone.core.errors import NotAllowed, NotFound, NotSignedIn
from safezone.core.identity import Identity, Role, public
from tests.core.ground import STATION, SYSTEM, Ground, Say
from tests.support.engines import bytes_on_disk

ANYBODY = public(STATION)


def token(ground: Ground, role: Role = "operator", **more: object) -> Issued:
    asked = IssueCredential(**{"sort": "token", "role": role, "name": "ccoc-1", **more})  # type: ignore[arg-type]
    issued: Issued = ground.do(asked)
    return issued


def session(ground: Ground, secret: str) -> Issued:
    issued: Issued = ground.do(OpenSession(secret), ANYBODY)
    return issued


def test_a_token_says_who_somebody_is(ground: Ground) -> None:
    issued = token(ground, "unit", name="car-1", unit_id="car-1")
    found = ground.authenticator.get(issued.secret)
    assert found == Identity(STATION, "unit", "car-1", "car-1", None, issued.credential_id)
    assert found.actor == "unit:car-1"
    assert ground.authenticator.find("no such token") is None
    with pytest.raises(NotSignedIn, match="bad_token"):
        ground.authenticator.get(issued.secret + "x")


def test_only_hashes_of_a_secret_are_kept(ground: Ground) -> None:
    issued = token(ground)
    ground.authenticator.get(issued.secret)
    files = bytes_on_disk(ground.file.parent)
    assert issued.credential_id.encode() in files
    assert issued.secret.encode() not in files


def test_a_revoked_token_is_out_at_once_with_every_session_of_it(ground: Ground) -> None:
    """Also a session that was opened with a session: no chain of them outlives the token."""
    issued = token(ground)
    first = session(ground, issued.secret)
    second = session(ground, first.secret)
    third = session(ground, second.secret)
    other = token(ground, name="ccoc-2")
    secrets = [issued.secret, first.secret, second.secret, third.secret]
    assert all(ground.authenticator.find(one) for one in secrets)
    ground.do(RevokeCredential(issued.credential_id, "left the station"))
    assert [ground.authenticator.find(one) for one in secrets] == [None] * 4
    assert ground.authenticator.find(other.secret)
    with pytest.raises(NotSignedIn):
        session(ground, first.secret)
    assert ground.verdict().content


def test_whoever_is_put_out_has_nothing_written_any_more(ground: Ground) -> None:
    """Also what they asked for before: it may have waited, or have come in slowly, or have been worked on for long."""
    person, brief = token(ground, "admin"), token(ground, "admin", name="second", lifetime_s=60)
    pole = ground.do(IssueCredential(sort="device", role="sos_point", name="sos-1", point_id="sos-1"))
    with ground.held():
        revoked = ground.lane.submit(RevokeCredential(person.credential_id, "left the station"), SYSTEM)
        waited = ground.lane.submit(Say("handed in before anybody knew"), person.identity)
    revoked.result(timeout=20)
    with pytest.raises(NotSignedIn):
        waited.result(timeout=20)
    ground.do(Say("in time"), brief.identity)
    ground.clock.advance(61)
    with pytest.raises(NotSignedIn):
        ground.do(Say("too late"), brief.identity)
    ground.do(RevokeCredential(pole.credential_id, "stolen"))
    with pytest.raises(
        NotAllowed
    ):  # What it was let in for is decided as ever: only its role speaks against this.
        ground.do(Say("a press that was let in"), pole.identity)
    said = [entry.event.subject for entry in ground.log() if entry.kind == "test_said"]
    assert said == ["in time"]


def test_a_link_works_once_and_its_session_goes_on(ground: Ground) -> None:
    link = token(ground, "supervisor", sort="one_time_link", lifetime_s=3600)
    assert ground.authenticator.find(link.secret) is None, "a link is no token"
    opened = session(ground, link.secret)
    assert opened.identity.role == "supervisor"
    with pytest.raises(NotSignedIn):
        session(ground, link.secret)
    ground.clock.advance(3601)
    found = ground.authenticator.find(opened.secret)
    assert found is not None
    assert found.role == "supervisor"


def test_an_administrators_link_opens_nothing_without_an_account(ground: Ground) -> None:
    link = token(ground, "admin", sort="one_time_link", lifetime_s=3600)
    with pytest.raises(NotAllowed, match="choose_password"):
        session(ground, link.secret)
    machine = token(ground, "admin")
    assert session(ground, machine.secret).identity.role == "admin", (
        "a token is for machines and stays what it is"
    )


@pytest.mark.parametrize("sort", ["token", "one_time_link"])
def test_what_has_expired_is_worth_nothing(ground: Ground, sort: str) -> None:
    issued = token(ground, sort=sort, lifetime_s=60)
    if sort == "token":
        assert ground.authenticator.find(issued.secret), "also when it is remembered from before"
    ground.clock.advance(60)
    assert ground.authenticator.find(issued.secret) is None
    with pytest.raises(NotSignedIn):
        session(ground, issued.secret)


def test_a_session_ends_by_itself_and_never_outlives_its_token(ground: Ground) -> None:
    long, short = token(ground), token(ground, name="relief", lifetime_s=600)
    of_long, of_short = session(ground, long.secret), session(ground, short.secret)
    again = session(ground, of_short.secret)
    ground.clock.advance(600)
    assert ground.authenticator.find(of_short.secret) is None
    assert ground.authenticator.find(again.secret) is None
    ground.clock.advance(SESSION_HOURS * 3600 - 601)
    assert ground.authenticator.find(of_long.secret)
    ground.clock.advance(1)
    assert ground.authenticator.find(of_long.secret) is None
    assert ground.authenticator.find(long.secret)


def test_signing_out_ends_the_session_and_leaves_the_token(ground: Ground) -> None:
    issued = token(ground)
    opened = session(ground, issued.secret)
    assert ground.do(CloseSession(), opened.identity) is True
    assert ground.authenticator.find(opened.secret) is None
    assert ground.do(CloseSession(), opened.identity) is True, "twice is no error"
    assert ground.do(CloseSession(), issued.identity) is False
    assert ground.authenticator.find(issued.secret)


def test_a_device_has_a_secret_for_the_broker_and_opens_no_session(ground: Ground) -> None:
    old = token(ground, "sos_point", sort="device", name="sos-01", point_id="sos-01")
    ground.clock.advance(1)
    new = token(ground, "sos_point", sort="device", name="sos-01", point_id="sos-01")
    gone = token(ground, "sos_point", sort="device", name="sos-02", point_id="sos-02")
    ground.do(RevokeCredential(gone.credential_id, "stolen"))
    with ground.database.read() as conn:
        (device,) = list_devices(conn, STATION, ground.clock.now())
    assert (device.username, device.point_id) == (device_username(STATION, "sos-01"), "sos-01")
    assert bcrypt.checkpw(new.secret.encode(), device.secret_bcrypt.encode())
    assert not bcrypt.checkpw(old.secret.encode(), device.secret_bcrypt.encode())
    with pytest.raises(NotSignedIn):
        session(ground, new.secret)
    assert ground.authenticator.find(old.secret) is None, "what the broker refuses, nobody takes"
    found = ground.authenticator.get(new.secret)
    assert (found.role, found.point_id) == ("sos_point", "sos-01")


@pytest.mark.parametrize("role", ["operator", "supervisor", "auditor", "unit", "sos_point", "public"])
def test_only_an_administrator_gives_out_and_takes_back(ground: Ground, role: Role) -> None:
    issued = token(ground)
    somebody = Identity(STATION, role, "somebody", credential_id="theirs")
    with pytest.raises((NotAllowed, NotSignedIn)):
        ground.do(IssueCredential(sort="token", role="admin", name="me"), somebody)
    with pytest.raises((NotAllowed, NotSignedIn)):
        ground.do(RevokeCredential(issued.credential_id, "spite"), somebody)
    assert ground.authenticator.find(issued.secret)


def test_what_is_not_there_cannot_be_revoked(ground: Ground) -> None:
    with pytest.raises(NotFound):
        ground.do(RevokeCredential("no such credential", "?"))
    issued = token(ground)
    elsewhere = Identity("nki", "admin", "admin")
    with pytest.raises(NotFound):
        ground.do(RevokeCredential(issued.credential_id, "of another station"), elsewhere)


def test_a_token_of_another_station_opens_no_session_here(ground: Ground) -> None:
    issued = token(ground)
    with pytest.raises(NotSignedIn):
        ground.do(OpenSession(issued.secret), public("nki"))


def test_the_list_tells_what_is_good_and_no_secret(ground: Ground) -> None:
    token(ground, name="good")
    token(ground, name="short", lifetime_s=10)
    revoked = token(ground, name="out")
    session(ground, token(ground, name="signed-in").secret)
    ground.do(RevokeCredential(revoked.credential_id, "?"))
    ground.clock.advance(10)
    with ground.database.read() as conn:
        states = {view.name: view.state for view in list_credentials(conn, STATION, ground.clock.now())}
    assert states == {"good": "good", "short": "expired", "out": "revoked", "signed-in": "good"}


def test_the_first_reason_and_time_of_a_revocation_stand(ground: Ground) -> None:
    issued = token(ground)
    ground.clock.advance(10)
    ground.do(RevokeCredential(issued.credential_id, "first"))
    (before,) = ground.rows(select(credential.c.revoked_at_us).where(credential.c.id == issued.credential_id))
    ground.clock.advance(10)
    ground.do(RevokeCredential(issued.credential_id, "second"))
    assert ground.rows(select(credential.c.revoked_at_us).where(credential.c.id == issued.credential_id)) == [
        before
    ]
