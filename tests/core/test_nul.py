"""A NUL character in a text is refused on both engines, and nothing else is taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safezone.core.errors import Invalid
from safezone.core.nul import has_nul
from safezone.core.once import Once
from tests.core.ground import Ground, Say


@given(st.text(), st.text(alphabet='\\u0"\0n'))
def test_it_is_found_wherever_it_stands_and_nowhere_else(thing: str, text: str) -> None:
    assert has_nul(Say(thing, text)) == ("\0" in thing + text)
    assert has_nul(Once("key", Say(thing, text))) == ("\0" in thing + text)


def test_it_is_refused_before_anything_is_done(ground: Ground) -> None:
    with pytest.raises(Invalid) as refused:
        ground.do(Say("word", "a\0b"))
    assert "NUL" in refused.value.words.th
    assert ground.head() == 0
