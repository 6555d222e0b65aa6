"""Captured messages of SOS points, and what each of them means."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safezone.core.errors import Invalid
from safezone.incidents.commands import ReportEmergency
from safezone.incidents.intake import sos_point
from safezone.incidents.views import Receipt

CHANNEL = Path(__file__).resolve().parents[2] / "channels" / "sos_point"
RECEIVED = datetime(2026, 11, 20, 12, 4, 12, tzinfo=UTC)
PRESSED = datetime(2026, 11, 20, 12, 4, 11, tzinfo=UTC)

UNDERSTOOD: dict[str, tuple[int, datetime | None]] = {
    "plain": (7, PRESSED),
    "utc_milliseconds": (8, PRESSED.replace(microsecond=250_000)),
    "no_offset": (9, PRESSED),
    "no_time": (1, None),
    "time_is_null": (2, None),
    "counter_reset": (0, PRESSED),
    "clock_of_1970": (3, datetime(1970, 1, 1, 0, 0, 41, tzinfo=UTC)),
    "clock_of_the_year_1": (4, datetime(1, 1, 1, tzinfo=UTC)),
    "clock_of_the_year_9999": (5, datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    "buddhist_year": (6, PRESSED.replace(year=2569)),
    "time_is_a_number": (10, None),
    "time_is_a_word": (11, None),
    "time_is_an_object": (12, None),
    "further_fields": (13, PRESSED),
    "largest_counter": (2**53, None),
}
"""The counter and the time that the pole claims, in UTC; None where it says nothing that is a time."""

COMPLAINED_OF = {"time_is_a_number", "time_is_a_word", "time_is_an_object"}

REFUSED: dict[str, str] = {
    "negative_counter": "Expected `int` >= 0",
    "counter_too_large": "Expected `int` <=",
    "counter_is_text": "Expected `int`, got `str`",
    "counter_is_a_fraction": "Expected `int`, got `float`",
    "counter_is_true": "Expected `int`, got `bool`",
    "no_counter": "missing required field `n`",
    "other_kind": "Invalid enum value 'fire'",
    "a_list": "Expected `object`, got `array`",
    "only_null": "Expected `object`, got `null`",
    "cut_off": "truncated",
    "two_in_one": "trailing characters",
    "empty": "truncated",
    "not_json": "malformed",
    "utf16": "malformed",
    "byte_order_mark": "malformed",
    "deeply_nested": "recursion",
    "too_long": "at most 4096",
}
"""What the administrator reads about a message that makes no sense."""


def captured(name: str) -> bytes:
    return (CHANNEL / f"{name}.json").read_bytes()


def test_every_captured_message_has_a_meaning_here() -> None:
    assert {path.stem for path in CHANNEL.glob("*.json")} == set(UNDERSTOOD) | set(REFUSED)


@pytest.mark.parametrize("name", UNDERSTOOD)
def test_a_press_is_understood(name: str) -> None:
    number, claimed_at = UNDERSTOOD[name]
    press = sos_point.decode("mdh", "sos-03", captured(name), RECEIVED)
    key = press.command.dedupe_key
    assert press.press.n == number
    assert press.command == ReportEmergency(
        dedupe_key=key, channel="sos_point", about="sos", sos_point="sos-03", claimed_at=claimed_at
    )
    assert key.startswith(f"press:mdh:sos-03:{number}:")
    assert (press.complaint is not None) == (name in COMPLAINED_OF)


@pytest.mark.parametrize("name", REFUSED)
def test_what_makes_no_sense_is_refused_with_the_reason_in_both_languages(name: str) -> None:
    with pytest.raises(Invalid) as refused:
        sos_point.decode("mdh", "sos-03", captured(name), RECEIVED)
    assert refused.value.code == "bad_press"
    assert REFUSED[name] in refused.value.words.en
    assert "sos-03" in refused.value.words.th


@given(st.binary(max_size=200) | st.text().map(str.encode))
def test_rubbish_is_understood_or_refused_and_never_more(payload: bytes) -> None:
    try:
        press = sos_point.decode("mdh", "sos-03", payload, RECEIVED)
    except Invalid:
        return
    assert press.press.n >= 0


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.integers(0, 2**53), json_values)
def test_whatever_a_pole_says_about_the_time_it_is_a_press(number: int, at: object) -> None:
    press = sos_point.decode("mdh", "sos-03", msgspec.json.encode({"n": number, "at": at}), RECEIVED)
    assert press.press.n == number
    assert press.command.claimed_at is None or press.command.claimed_at.tzinfo is UTC


def test_the_receipt_says_what_the_pole_waits_for() -> None:
    press = sos_point.decode("mdh", "sos-03", b'{"n": 7}', RECEIVED).press
    receipt = sos_point.encode_receipt(press, Receipt("report", "incident", "CODE"))
    assert msgspec.json.decode(receipt) == {"n": 7, "status": "stored", "incident_id": "incident"}


@pytest.mark.parametrize("at", ["2026-11-20T19:04:11+07:00", "2026-11-20T12:04:11.5Z", "yesterday", 7, None])
def test_the_receipt_names_the_time_as_the_pole_said_it(at: Any) -> None:
    """A pole that was switched off counts from 1 again: by the time it knows an old receipt from its own."""
    press = sos_point.decode("mdh", "sos-03", msgspec.json.encode({"n": 1, "at": at}), RECEIVED).press
    receipt = sos_point.encode_receipt(press, Receipt("report", "incident", "CODE"))
    assert msgspec.json.decode(receipt).get("at") == at
