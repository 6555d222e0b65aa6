"""Ids sort by the moment at which they were given, whatever the machine's clock does meanwhile."""

from __future__ import annotations

import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safezone.core.ids import new_id, tracking_code_of


def test_an_id_is_a_version_7_uuid_of_now() -> None:
    before_ms = time.time_ns() // 1_000_000
    given_id = new_id()
    after_ms = time.time_ns() // 1_000_000
    parsed = uuid.UUID(given_id)
    assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)
    assert given_id == str(parsed)
    assert before_ms <= parsed.int >> 80 <= after_ms + 60_000, (
        "a clock that another test moved may have left it ahead"
    )


def test_ids_only_ever_grow_also_from_many_threads() -> None:
    with ThreadPoolExecutor(8) as pool:
        batches = list(pool.map(lambda _: [new_id() for _ in range(2000)], range(8)))
    assert all(batch == sorted(batch) for batch in batches)
    everything = [one for batch in batches for one in batch]
    assert len(set(everything)) == len(everything)
    assert new_id() > max(everything)


def test_a_clock_that_steps_back_or_stands_still_does_not_disturb_the_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now_ns = time.time_ns()
    steps = iter([0, 0, -3_600_000_000_000, -3_599_000_000_000, 5_000_000, -1] + [1] * 10_000)
    monkeypatch.setattr("safezone.core.ids.time.time_ns", lambda: now_ns + next(steps))
    made = [new_id() for _ in range(10_000)]
    assert made == sorted(set(made))
    assert {uuid.UUID(one).version for one in made} == {7}


@given(st.uuids(version=4), st.uuids(version=4))
def test_a_tracking_code_is_ten_letters_that_cannot_be_misread(one: uuid.UUID, other: uuid.UUID) -> None:
    code = tracking_code_of(str(one))
    assert len(code) == 10
    assert not set(code) - set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
    same = (one.int ^ other.int) & ((1 << 50) - 1) == 0
    assert (tracking_code_of(str(other)) == code) == same
