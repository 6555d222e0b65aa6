"""What stays together when the tests are spread over workers."""

from __future__ import annotations

import pytest

from tests.support.places import REPO
from tests.support.spread import LONGEST_FIRST, place_of, unit_of


@pytest.mark.parametrize(
    ("nodeid", "unit"),
    [
        ("tests/core/test_log.py::test_a_gap[sqlite]", "tests/core/test_log.py[sqlite]"),
        ("tests/core/test_log.py::test_a_gap[postgresql-seq-10]", "tests/core/test_log.py[postgresql]"),
        ("tests/core/test_log.py::test_a_gap[seq-sqlite-10]", "tests/core/test_log.py[sqlite]"),
        ("tests/core/test_log.py::test_a_gap[a file of sqlite]", "tests/core/test_log.py"),
        ("tests/core/test_log.py::test_sqlite", "tests/core/test_log.py"),
        ("tests/core/test_log.py::Test::test_a_gap", "tests/core/test_log.py"),
    ],
)
def test_a_file_stays_together_on_each_engine(nodeid: str, unit: str) -> None:
    assert unit_of(nodeid) == unit


def test_what_waits_longest_begins_first() -> None:
    later, first = place_of("tests/zone/test_rules.py::test_x"), place_of("tests/faults/test_kill.py::test_x")
    assert first < place_of("tests/faults/test_stop.py::test_x") < later
    assert all((REPO / each).exists() for each in LONGEST_FIRST), "a file has another name now"
