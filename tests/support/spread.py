"""The tests on every core: how many workers `make test` takes (pytest-xdist), and what stays together in one of them.

What stays together is a file on one engine: stations, browsers and consoles that a module shares are made once for it, as
without workers. The files that wait longest begin first, so that none of them is left over at the end.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import pytest

LONGEST_FIRST: Final = (
    "tests/faults/test_kill.py", "tests/entrypoints/test_restore.py", "tests/journeys/test_cut_off.py",
    "tests/journeys/test_two_hands.py", "tests/journeys/test_keyboard.py", "tests/faults/", "tests/journeys/",
    "tests/entrypoints/demo/", "tests/entrypoints/",
)  # fmt: skip
"""Beginnings of paths. Whoever is forgotten here is run all the same, only later."""
_ENGINE: Final = re.compile(r"[\[-](sqlite|postgresql)(?=[-\]])")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """For `-n auto`: none where single files or tests are named; starting the workers would take longer than they save."""
    named = config.invocation_params.args
    single = any(str(each).partition("::")[0].endswith(".py") for each in named)
    chosen = any(each in ("-k", "--lf", "--last-failed") for each in named)
    return 0 if single or chosen else len(os.sched_getaffinity(0)) + 1


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Whoever is free takes the next file."""
    # Only where there are workers: without pytest-xdist a single file can be run all the same.
    from xdist.scheduler import LoadScopeScheduling

    class ByFileAndEngine(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
        def _split_scope(self, nodeid: str) -> str:
            return unit_of(nodeid)

    return ByFileAndEngine(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Only among workers the order is changed: alone the tests come as they stand."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=lambda each: place_of(each.nodeid))


def unit_of(nodeid: str) -> str:
    """What is run by one worker, one after the other: the file, and the engine where there are two."""
    path, _, test = nodeid.partition("::")
    engine = _ENGINE.search(test)
    return f"{path}[{engine[1]}]" if engine else path


def place_of(nodeid: str) -> int:
    """How early it begins."""
    return next(
        (place for place, start in enumerate(LONGEST_FIRST) if nodeid.startswith(start)), len(LONGEST_FIRST)
    )
