"""The judgement of `python -m bench.life`: it sees what is missing, what is there twice, and what a console did not get."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from bench.life.record import Kept, judge

AT = "2026-11-20T12:00:00.250+00:00"
AT_MS = 1_795_176_000_250


def _kept(**other: Any) -> Kept:
    return Kept(
        head=9,
        presses=Counter({("p-1", AT_MS): 1}),
        reports=Counter({"r-1": 1, "r-2": 1}),
        steps=Counter({("i-1", "incident_acknowledged"): 1}),
        fixes={"u-1": {1, 2}},
        fix_rows=2,
        gone_silent=0,
    )._replace(**other)


def _said(**other: dict[str, Any]) -> dict[str, Any]:
    said: dict[str, Any] = {
        "poles": {"receipted": [("p-1", AT, "i-1")], "never receipted": []},
        "phones": {"kept": {"u-1": [1, 2]}, "never answered": 0},
        "consoles": {"places": [9, 9], "missed": 0, "twice": 0, "asked to load anew": 0},
        "desks": {
            "reported": [("r-2", "i-2")],
            "steps": [("i-1", "acknowledge")],
            "cases left": 0,
            "troubles": [],
        },
    }
    return {name: {**part, **other.get(name, {})} for name, part in said.items()}


def test_nothing_is_wrong_where_the_record_is_what_everybody_was_told() -> None:
    assert judge(_kept(), _said()) == []


@pytest.mark.parametrize(
    ("kept", "word"),
    [
        ({"presses": Counter()}, "press lost"),
        ({"presses": Counter({("p-1", AT_MS): 2})}, "press twice"),
        ({"presses": Counter({("p-1", AT_MS): 1, ("p-2", AT_MS): 1})}, "press that nobody made"),
        ({"reports": Counter({"r-1": 1})}, "report lost"),
        ({"steps": Counter()}, "step lost"),
        ({"steps": Counter({("i-1", "incident_acknowledged"): 2})}, "step lost or twice"),
        ({"fixes": {"u-1": {1}}, "fix_rows": 1}, "1 confirmed positions lost"),
        ({"fix_rows": 3}, "1 positions twice"),
        ({"head": 10}, "2 consoles are not at the end"),
    ],
)
def test_what_the_record_lacks_or_has_twice_is_named(kept: dict[str, Any], word: str) -> None:
    wrong = judge(_kept(**kept), _said())
    assert len(wrong) == 1
    assert word in wrong[0]


@pytest.mark.parametrize(
    ("part", "said", "word"),
    [
        ("poles", {"receipted": [], "never receipted": [("p-1", AT)]}, "press without a receipt"),
        ("phones", {"never answered": 4}, "4 positions never answered"),
        ("consoles", {"missed": 1}, "consoles: 1 missed"),
        ("consoles", {"twice": 2}, "consoles: 2 twice"),
        ("consoles", {"places": [9, 8]}, "1 consoles are not at the end"),
        ("desks", {"cases left": 3}, "3 incidents"),
        ("desks", {"troubles": ["POST: 500"]}, "POST: 500"),
    ],
)
def test_what_somebody_did_not_get_is_named(part: str, said: dict[str, Any], word: str) -> None:
    wrong = judge(_kept(), _said(**{part: said}))
    assert len(wrong) == 1
    assert word in wrong[0]
