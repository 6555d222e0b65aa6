"""A request that is sent twice is done once; several commands as one are done all or not at all."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from safezone.core.credentials import credential
from safezone.core.errors import Conflict, Refused, Unavailable
from safezone.core.identity import Identity
from safezone.core.once import KEEP_S, ForgetAnswers, Once
from safezone.core.together import Together
from tests.core.ground import STATION, SYSTEM, Ground, Say

NAMES = select(credential.c.name).order_by(credential.c.name)


def names(ground: Ground) -> list[str]:
    return [row.name for row in ground.rows(NAMES)]


def test_the_same_key_and_request_get_the_first_answer(ground: Ground) -> None:
    first = ground.do(Once("key-1", Say("a")))
    ground.do(Say("b"))
    assert [ground.do(Once("key-1", Say("a"))) for _ in range(3)] == [first] * 3
    assert names(ground) == ["a", "b"]
    assert ground.do(Once("key-2", Say("c"))) == 5


def test_both_in_one_transaction_are_one(ground: Ground) -> None:
    with ground.held():
        futures = [ground.lane.submit(Once("key", Say("a")), SYSTEM) for _ in range(5)]
    assert {future.result(timeout=60) for future in futures} == {1}
    assert names(ground) == ["a"]


def test_a_key_used_for_something_else_is_a_conflict(ground: Ground) -> None:
    ground.do(Once("key", Say("a")))
    with pytest.raises(Conflict, match="idempotency_key_reused"):
        ground.do(Once("key", Say("b")))
    assert names(ground) == ["a"]


def test_a_key_belongs_to_whoever_sent_it(ground: Ground) -> None:
    ground.do(Once("key", Say("a")))
    assert ground.do(Once("key", Say("b")), Identity(STATION, "system", "somebody else")) == 3


def test_what_was_refused_may_be_asked_again(ground: Ground) -> None:
    with pytest.raises(Refused, match="no to a"):
        ground.do(Once("key", Say("a", then="refuse")))
    assert ground.do(Once("key", Say("a"))) == 1


def test_answers_are_forgotten_after_a_day(ground: Ground) -> None:
    ground.do(Once("old", Say("a")))
    ground.clock.advance(KEEP_S)
    assert ground.do(ForgetAnswers()) == 0
    ground.do(Once("new", Say("b")))
    ground.clock.advance(1)
    assert ground.do(ForgetAnswers()) == 1
    assert ground.do(Once("new", Say("b"))) == 3
    assert ground.do(Once("old", Say("c"))) == 5, "only now it is a new request"


def test_together_is_all_or_nothing(ground: Ground) -> None:
    assert ground.do(Together([Say("a"), Say("b")])) == [1, 3]
    with pytest.raises(Refused, match="no to d"):
        ground.do(Together([Say("c"), Say("d", then="refuse"), Say("e")]))
    with pytest.raises(Unavailable):
        ground.do(Together([Say("f"), Say("g", then="break")]))
    assert names(ground) == ["a", "b"]
    assert ground.head() == 4
    assert ground.verdict().content
