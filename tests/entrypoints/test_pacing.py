"""Allowances and turns by themselves."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from safezone.entrypoints import pacing
from safezone.entrypoints.gate import address_key
from safezone.entrypoints.pacing import Allowance, Turns


@given(st.lists(st.tuples(st.floats(0, 5), st.sampled_from("ab")), max_size=200))
def test_nobody_takes_more_than_the_allowance(asked: list[tuple[float, str]]) -> None:
    now = 0.0
    allowance = Allowance(2.0, 5.0, lambda: now)
    taken: dict[str, int] = {"a": 0, "b": 0}
    for pause_s, key in asked:
        now += pause_s
        wait_s = allowance.take(key)
        taken[key] += not wait_s
        assert 0 <= wait_s <= 0.5
    assert all(each <= 5 + 2 * now + 1e-6 for each in taken.values())


def test_whoever_waits_as_told_is_served() -> None:
    now = 0.0
    allowance = Allowance(2.0, 1.0, lambda: now)
    assert allowance.take("a") == 0
    now += allowance.take("a") + 1e-9
    assert allowance.take("a") == 0
    assert allowance.take("b") == 0, "another caller has their own"


def test_it_remembers_only_so_many() -> None:
    allowance = Allowance(1.0, 1.0, lambda: 0.0)
    for number in range(pacing.MOST_KEYS + 100):
        allowance.take(str(number))
    assert len(allowance._left) == pacing.MOST_KEYS


async def test_one_key_waits_and_another_does_not() -> None:
    turns, order = Turns(1), list[str]()
    gate = asyncio.Event()

    async def work(key: str, name: str) -> None:
        async with turns.turn(key):
            if name == "a1":
                await gate.wait()
            order.append(name)

    tasks = [asyncio.create_task(work(name[0], name)) for name in ("a1", "a2", "a3", "b1")]
    await tasks[3]
    assert (order, turns.waiting("a"), turns.waiting("b")) == (["b1"], 3, 0)
    gate.set()
    await asyncio.gather(*tasks)
    assert order == ["b1", "a1", "a2", "a3"]
    assert not turns._of, "nothing is kept of who is done"


def test_one_customer_is_one_address() -> None:
    assert address_key("203.0.113.7") != address_key("203.0.113.8")
    assert address_key("2001:db8:1:2::1") == address_key("2001:db8:1:2:ffff::9")
    assert address_key("2001:db8:1:2::1") != address_key("2001:db8:1:3::1")
    assert address_key("fe80::1%eth0") == address_key("fe80::2%eth1")
    assert address_key("") == address_key("")
