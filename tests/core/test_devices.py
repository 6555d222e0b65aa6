"""The secrets of poles: one at a time, two while a change is under way, none after a revocation."""

from __future__ import annotations

import pytest

from safezone.core.devices import (
    EndOldSecret,
    GiveDeviceSecret,
    NewSecret,
    NoteDeviceUsed,
    RevokeDevice,
    list_devices,
    list_secrets,
    next_end,
    waiting_logins,
)
from safezone.core.errors import NotAllowed, NotFound, NotSignedIn
from safezone.core.identity import Identity, Role
from tests.core.ground import STATION, Ground

TECHNICIAN = Identity(STATION, "technician", "somchai")


def give(ground: Ground, overlap_h: int = 72) -> NewSecret:
    ground.clock.advance(1)
    new: NewSecret = ground.do(GiveDeviceSecret("sos-01", overlap_h), TECHNICIAN)
    return new


def logins(ground: Ground) -> list[str]:
    with ground.database.read() as conn:
        return [device.username for device in list_devices(conn, STATION, ground.clock.now())]


def states(ground: Ground) -> dict[str, str]:
    with ground.database.read() as conn:
        found = list_secrets(conn, STATION, ground.clock.now()).get("sos-01", [])
    return {view.username: view.state for view in found}


def good(ground: Ground, *secrets: NewSecret) -> list[bool]:
    return [ground.authenticator.find(each.secret) is not None for each in secrets]


def test_the_first_secret_replaces_nothing(ground: Ground) -> None:
    first = give(ground)
    assert (first.username, first.old_good_until) == ("mdh.sos-01", None)
    assert states(ground) == {"mdh.sos-01": "good"}


def test_both_secrets_are_good_until_the_new_one_was_used(ground: Ground) -> None:
    old, new = give(ground), give(ground)
    assert logins(ground) == ["mdh.sos-01", "mdh.sos-01.2"]
    assert states(ground) == {"mdh.sos-01": "ending", "mdh.sos-01.2": "waiting"}
    assert good(ground, old, new) == [True, True]
    with ground.database.read() as conn:
        assert waiting_logins(conn, STATION, ground.clock.now()) == {new.username: new.credential_id}
    assert ground.do(NoteDeviceUsed(new.credential_id)) == 1
    assert good(ground, old, new) == [False, True]
    assert states(ground) == {"mdh.sos-01.2": "good"}
    assert ground.do(NoteDeviceUsed(new.credential_id)) == 0, "twice is no error"


def test_the_old_secret_ends_by_the_clock(ground: Ground) -> None:
    old, new = give(ground), give(ground, overlap_h=2)
    assert good(ground, old, new) == [True, True]
    ground.clock.advance(2 * 3600 - 2)
    assert good(ground, old, new) == [True, True]
    with ground.database.read() as conn:
        assert next_end(conn, STATION, ground.clock.now()) == new.old_good_until
    ground.clock.advance(3)
    assert good(ground, old, new) == [False, True]
    assert logins(ground) == ["mdh.sos-01.2"]


def test_a_card_that_was_lost_on_the_way_does_not_cut_the_pole_off(ground: Ground) -> None:
    """The pole still has its first secret: that one stays, what was never used goes."""
    first, lost, second = give(ground), give(ground), give(ground)
    assert good(ground, first, lost, second) == [True, False, True]
    assert states(ground) == {"mdh.sos-01": "ending", "mdh.sos-01.3": "waiting"}
    ground.do(NoteDeviceUsed(second.credential_id))
    assert good(ground, first, lost, second) == [False, False, True]


def test_without_an_overlap_the_old_secret_ends_at_once(ground: Ground) -> None:
    old, new = give(ground), give(ground, overlap_h=0)
    assert new.old_good_until is None
    assert good(ground, old, new) == [False, True]


def test_somebody_may_say_that_the_pole_has_the_new_one(ground: Ground) -> None:
    old, new = give(ground), give(ground)
    ground.do(EndOldSecret("sos-01"), TECHNICIAN)
    assert good(ground, old, new) == [False, True]


def test_a_revoked_pole_has_no_secret_left(ground: Ground) -> None:
    old, new = give(ground), give(ground)
    ground.do(RevokeDevice("sos-01", "stolen"), TECHNICIAN)
    assert good(ground, old, new) == [False, False]
    assert logins(ground) == []
    with pytest.raises(NotFound):
        ground.do(RevokeDevice("sos-01", "stolen"), TECHNICIAN)
    again = give(ground)
    assert (again.username, good(ground, old, new, again)) == ("mdh.sos-01", [False, False, True])


def test_a_pole_speaks_of_its_own_secret_alone(ground: Ground) -> None:
    old, new = give(ground), give(ground)
    itself = ground.authenticator.get(old.secret)
    assert ground.do(NoteDeviceUsed(new.credential_id), itself) == 0
    assert good(ground, old, new) == [True, True]


@pytest.mark.parametrize(
    "role", ["operator", "supervisor", "auditor", "chief", "unit", "sos_point", "public"]
)
def test_nobody_else_gives_changes_or_takes(ground: Ground, role: Role) -> None:
    kept = give(ground)
    somebody = Identity(STATION, role, "somebody")
    for asked in (GiveDeviceSecret("sos-01"), RevokeDevice("sos-01", "spite"), EndOldSecret("sos-01")):
        with pytest.raises((NotAllowed, NotSignedIn)):
            ground.do(asked, somebody)
    assert good(ground, kept) == [True]


def test_all_of_it_can_be_told_again_from_the_log(ground: Ground) -> None:
    give(ground)
    new = give(ground)
    give(ground, overlap_h=1)
    ground.do(NoteDeviceUsed(new.credential_id))
    verdict = ground.verdict()
    assert verdict.content, verdict
