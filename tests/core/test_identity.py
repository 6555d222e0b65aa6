"""Roles, times and words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import get_args

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from safezone.core.bus import Bus
from safezone.core.clock import ManualClock, SystemClock
from safezone.core.db import from_us, maybe_from_us, to_us
from safezone.core.errors import NotAllowed, NotSignedIn, SafezoneError
from safezone.core.i18n import THAI_TIME, buddhist_year
from safezone.core.identity import CCOC_ROLES, Identity, Role, public
from tests.core.ground import Say

ROLES: tuple[Role, ...] = get_args(Role)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("wanted", ROLES)
def test_a_role_is_asked_for_by_name(role: Role, wanted: Role) -> None:
    somebody = Identity("mdh", role, "x")
    if role == wanted:
        somebody.require(wanted)
        return
    with pytest.raises(NotSignedIn if role == "public" else NotAllowed) as refused:
        somebody.require(wanted)
    assert refused.value.status == (401 if role == "public" else 403)


def test_who_sits_in_the_command_centre() -> None:
    assert [role for role in ROLES if Identity("mdh", role, "x").in_ccoc] == list(CCOC_ROLES)
    assert public("mdh").actor == "public:anonymous"


@given(st.datetimes(), st.integers(-14 * 60, 14 * 60))
def test_a_time_comes_back_as_it_was(local: datetime, offset_min: int) -> None:
    at = local.replace(tzinfo=timezone(timedelta(minutes=offset_min)))
    assume(datetime.min.replace(tzinfo=UTC) <= at <= datetime.max.replace(tzinfo=UTC))
    assert from_us(to_us(at)) == at
    assert from_us(to_us(at)).tzinfo is UTC
    assert maybe_from_us(None) is None


def test_the_buddhist_year_changes_at_midnight_in_thailand() -> None:
    new_year = datetime(2027, 1, 1, tzinfo=THAI_TIME)
    assert buddhist_year(new_year) == 2570
    assert buddhist_year(new_year - timedelta(microseconds=1)) == 2569
    assert buddhist_year(datetime(2026, 12, 31, 17, 0, tzinfo=UTC)) == 2570
    assert buddhist_year(datetime(2026, 12, 31, 12, 0, tzinfo=timezone(timedelta(hours=-5)))) == 2570


def test_clocks_tell_aware_utc() -> None:
    assert SystemClock().now().tzinfo is UTC
    clock = ManualClock()
    assert clock.advance(-3600) == clock.now() == datetime(2025, 12, 31, 23, tzinfo=UTC)


def test_one_command_has_one_handler_and_one_name_one_listener() -> None:
    bus = Bus()
    bus.handle(Say, lambda _cmd, _uow: None)
    with pytest.raises(SafezoneError, match="Say has a handler already"):
        bus.handle_many(Say, lambda _cmds, _uows: [])
    bus.listen("x", lambda _entry, _event, _uow: None, [])
    with pytest.raises(SafezoneError, match="x is there already"):
        bus.listen("x", lambda _entry, _event, _uow: None, [])
    with pytest.raises(SafezoneError, match="nobody handles int"):
        bus.handler_of(int)
