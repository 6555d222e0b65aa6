"""Attempts that all processes of a station count together: as strict as one process alone, and no stricter."""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select

from safezone.core.accounts import guessing, rules
from safezone.core.accounts.guessing import QUIET_US, BeginGuess, Counted, ForgiveGuess
from safezone.core.accounts.tables import guess
from safezone.core.errors import NotAllowed
from safezone.core.identity import Identity
from tests.core.ground import STATION, Ground
from tests.support.engines import EngineName

NAME = Counted("somchai 10.0.0.7", rules.FREE_FAILURES)
ADDRESS = Counted("10.0.0.7", rules.FREE_FAILURES_OF_AN_ADDRESS)


@pytest.fixture
def ground(tmp_path: Path, engine: EngineName) -> Iterator[Ground]:
    ground = Ground(tmp_path)
    guessing.register(ground.bus)
    yield ground
    ground.close()


def begin(ground: Ground, *counted: Counted) -> float:
    wait_s: float = ground.do(BeginGuess(counted))
    return wait_s


def test_of_attempts_at_one_moment_as_many_are_looked_at_as_by_one_process(ground: Ground) -> None:
    with ThreadPoolExecutor(16) as pool:
        waits = list(pool.map(lambda _: begin(ground, NAME), range(40)))
    assert waits.count(0.0) == rules.FREE_FAILURES + 1
    assert set(waits) == {0.0, 1.0}, "whoever waits makes it no longer"


def test_it_counts_as_the_rule_says_and_forgives_what_was_right(ground: Ground) -> None:
    """Against the plainest counting that there is, through four hundred attempts, pauses and right ones."""
    chance, counts, until = random.Random(7), {NAME: 0, ADDRESS: 0}, dict.fromkeys((NAME, ADDRESS), 0.0)
    now = 0.0
    for _ in range(400):
        pause_s = chance.choice((0.0, 1.0, 4.0, 20.0, 60.0))
        ground.clock.advance(pause_s)
        now += pause_s
        waits = max(0.0, *(each - now for each in until.values()))
        assert begin(ground, NAME, ADDRESS) == pytest.approx(waits, abs=1e-5)
        if waits:
            continue
        outcome = chance.choice(("failed", "failed", "failed", "failed", "failed", "half", "right"))
        for each in counts:
            counts[each] += 1
            until[each] = now + rules.delay_after(counts[each], each.free)
            if outcome != "failed":
                counts[each] -= 1
                until[each] = now
        if outcome != "failed":
            ground.do(ForgiveGuess((NAME, ADDRESS), wholly=outcome == "right"))
            counts[NAME] = 0 if outcome == "right" else counts[NAME]
    assert counts[ADDRESS] > rules.FREE_FAILURES_OF_AN_ADDRESS, "this was about waiting"


def test_after_a_quiet_while_nothing_is_kept(ground: Ground) -> None:
    for _ in range(rules.FREE_FAILURES + 1):
        begin(ground, NAME)
    ground.clock.advance(QUIET_US / 1e6 + 2)
    assert begin(ground, ADDRESS) == 0.0
    assert [row.key_sha256 for row in ground.rows(select(guess))] == [ADDRESS.digest]


def test_a_clock_that_was_set_back_locks_nobody_out(ground: Ground) -> None:
    for _ in range(rules.FREE_FAILURES + 1):
        begin(ground, NAME)
    ground.clock.advance(-86_400)
    assert begin(ground, NAME) == 0.0


def test_neither_a_name_nor_an_address_is_kept_and_nobody_else_may_count(ground: Ground) -> None:
    begin(ground, NAME, ADDRESS)
    kept = repr(ground.rows(select(guess)))
    assert "somchai" not in kept
    assert "10.0.0.7" not in kept
    with pytest.raises(NotAllowed):
        ground.do(ForgiveGuess((NAME,), wholly=True), Identity(STATION, "admin", "root"))
    assert not ground.log(), "nothing has happened yet"
