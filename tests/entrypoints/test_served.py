"""Which station of a database a program serves: the only one, the one its file names, and never a guess."""

from __future__ import annotations

import pytest

from safezone.core.errors import CannotStart
from safezone.core.settings import Settings
from safezone.entrypoints.house import served_of


@pytest.mark.parametrize(
    ("there", "named", "served"),
    [
        ([], "", None),
        (["mdh"], "", "mdh"),
        (["mdh"], "mdh", "mdh"),
        (["mdh", "willing"], "willing", "willing"),
        (["mdh", "willing"], "third", None),
        (["mdh"], "willing", None),
    ],
)
def test_a_program_serves_the_station_that_it_is_told(
    there: list[str], named: str, served: str | None
) -> None:
    assert served_of(there, Settings(station=named)) == served


def test_among_several_it_does_not_guess() -> None:
    with pytest.raises(CannotStart) as told:
        served_of(["mdh", "willing"], Settings())
    assert "mdh, willing" in told.value.words.th
    assert 'station = "mdh"' in told.value.words.en
