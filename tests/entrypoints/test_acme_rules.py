"""When a certificate is asked for, and when it is said that it ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from safezone.entrypoints.acme.folder import Kept
from safezone.entrypoints.acme.rules import Life, Tried, is_soon, next_try, renewal_of
from safezone.entrypoints.acme.standing import standing_of

BEGIN = datetime(2026, 11, 26, tzinfo=UTC)
NAMES = frozenset(("zone.example.test",))
lengths = st.timedeltas(min_value=timedelta(hours=1), max_value=timedelta(days=800))
serials = st.integers(min_value=0, max_value=2**159)


def life(length: timedelta = timedelta(days=90), serial: int = 7, **more: object) -> Life:
    return Life(BEGIN, BEGIN + length, serial, NAMES, **more)  # type: ignore[arg-type]


@given(lengths, serials)
def test_it_is_renewed_at_two_thirds_of_its_life_and_a_little_later(length: timedelta, serial: int) -> None:
    share = (renewal_of(life(length, serial)) - BEGIN) / length
    assert 2 / 3 - 1e-6 <= share <= 2 / 3 + 1 / 24 + 1e-6


def test_two_stations_do_not_come_at_the_same_moment() -> None:
    assert renewal_of(life(serial=1)) != renewal_of(life(serial=2))


@given(lengths, st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_the_authority_is_believed_as_long_as_there_is_time_left(length: timedelta, wanted: datetime) -> None:
    at = renewal_of(life(length), wanted)
    latest = BEGIN + length - length / 10
    assert at == (wanted if wanted <= latest else latest)


def test_a_self_made_one_or_one_without_a_name_is_replaced_at_once() -> None:
    assert next_try(life(is_self_made=True), NAMES, Tried()) is None
    assert next_try(life(), NAMES | {"sos.example.test"}, Tried()) is None
    assert next_try(life(), NAMES, Tried()) == renewal_of(life())


@given(st.booleans())
def test_an_authority_is_never_asked_more_than_a_few_times_a_day(reached: bool) -> None:
    now, tries = BEGIN, list[datetime]()
    while now < BEGIN + timedelta(days=3):
        tries.append(now)
        tried = Tried(failures=len(tries), at=now, reached=reached)
        due_at = next_try(life(is_self_made=True), NAMES, tried)
        assert due_at is not None
        assert due_at > now, "it waits"
        now = due_at
    for begin in tries:
        within = [each for each in tries if begin <= each < begin + timedelta(days=1)]
        assert len(within) <= (6 if reached else 28), "one that is silent orders nothing"


def test_what_the_authority_asks_us_to_wait_is_waited_for() -> None:
    until = BEGIN + timedelta(days=4)
    tried = Tried(failures=1, at=BEGIN, not_before=until)
    assert next_try(life(is_self_made=True), NAMES, tried) == until


def test_a_short_life_is_not_always_about_to_end() -> None:
    assert not is_soon(life(timedelta(days=6)), BEGIN + timedelta(days=4))
    assert is_soon(life(timedelta(days=6)), BEGIN + timedelta(days=5, hours=1))
    assert is_soon(life(timedelta(days=800)), BEGIN + timedelta(days=780))
    assert not is_soon(life(timedelta(days=800)), BEGIN + timedelta(days=778))


def test_how_it_stands_is_said_in_both_languages() -> None:
    given_one = standing_of(life(), BEGIN + timedelta(days=80), None)
    assert (given_one.state, given_one.figures["days_left"]) == ("degraded", 10.0)
    assert given_one.reason is not None
    assert "ต่ออายุ" in given_one.reason.th
    ended = standing_of(life(), BEGIN + timedelta(days=91), None)
    assert (ended.state, ended.figures["days_left"]) == ("down", -1.0)
    assert standing_of(life(), BEGIN, None).state == "ok"
    first = standing_of(life(is_self_made=True), BEGIN, Kept())
    assert first.state == "degraded"
    assert first.reason is not None
    assert "self-made" in first.reason.en


def test_an_order_that_is_under_way_alarms_nobody_and_one_that_was_broken_off_does() -> None:
    under_way = Kept(tried=Tried(failures=1, at=BEGIN))
    assert standing_of(life(), BEGIN + timedelta(seconds=20), under_way).state == "ok"
    broken_off = standing_of(life(), BEGIN + timedelta(minutes=11), under_way)
    assert broken_off.state == "degraded"
