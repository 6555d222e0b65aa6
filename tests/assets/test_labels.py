"""Labels: as many pages as it takes, the fonts inside, and nothing secret in the code."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safezone.assets.labels import GRIDS, Label, draw


def label(code: str = "SOS-01", name: str = "ท่าเรือโดยสาร") -> Label:
    return Label("เสา SOS", "SOS point", code, name, f"https://station.example/office/assets#{code.lower()}")


@pytest.mark.parametrize("per_page", GRIDS)
def test_there_are_as_many_pages_as_it_takes(per_page: int) -> None:
    made = draw([label(f"SOS-{n}") for n in range(per_page + 1)], "สถานีทดลอง", per_page)
    assert made.startswith(b"%PDF-")
    assert made.count(b"/Type /Page\n") == 2
    assert b"/FontFile2" in made, "the font is in it"


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=200))
def test_whatever_it_is_called_it_can_be_printed(name: str) -> None:
    assert draw([label(name=name)], name, 21).startswith(b"%PDF-")
