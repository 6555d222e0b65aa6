"""Names, passwords, codes and delays, tried with drawn examples and with those of RFC 6238."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safezone.core.accounts import rules

RFC_SECRET = b"12345678901234567890"


@pytest.mark.parametrize(
    ("at_s", "code"),
    [
        (59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"),
        (2000000000, "279037"), (20000000000, "353130"),
    ],
)  # fmt: skip
def test_codes_are_those_of_the_standard(at_s: int, code: str) -> None:
    assert rules.totp_at(RFC_SECRET, at_s // 30) == code
    assert rules.find_step(RFC_SECRET, code, at_s, None) == at_s // 30


@given(
    at_s=st.integers(0, 4_000_000_000), off=st.integers(-4, 4), last=st.none() | st.integers(0, 140_000_000)
)
def test_a_code_is_good_near_its_time_and_never_after_a_later_one(
    at_s: int, off: int, last: int | None
) -> None:
    step = at_s // 30 + off
    if step < 0:
        return
    found = rules.find_step(RFC_SECRET, rules.totp_at(RFC_SECRET, step), at_s, last)
    if found is not None:
        assert abs(found - at_s // 30) <= 1
        assert last is None or found > last
    elif abs(off) <= 1:
        assert (-1 if last is None else last) >= step


@given(st.text(max_size=12))
def test_whatever_is_typed_as_a_code_is_refused_and_breaks_nothing(text: str) -> None:
    now = 1_000_000
    if rules.find_step(RFC_SECRET, text, now * 30, None) is not None:
        assert len([char for char in text if char.isdigit()]) == 6
    rules.looks_like_recovery(text)


def test_a_code_may_be_typed_in_thai_digits_and_with_a_space() -> None:
    assert rules.find_step(RFC_SECRET, "๒๘๗ ๐๘๒", 59, None) == 1


@given(st.text(max_size=60))
def test_a_name_is_the_same_however_it_is_typed(text: str) -> None:
    named = rules.normal_login(text)
    if named is not None:
        assert rules.normal_login(named) == named
        assert rules.normal_login(f"  {text} ") == named
        assert 2 <= len(named) <= 40
        assert not set(named) & set(":/ \n")


def test_names_in_thai_are_names() -> None:
    assert rules.normal_login("สมชาย.ใจดี") == "สมชาย.ใจดี"
    assert rules.normal_login("ＣＣＯＣ-1") == "ccoc-1"


@pytest.mark.parametrize(
    ("password", "is_weak"),
    [
        ("short", True), ("aaaaaaaaaaaaaa", True), ("password12345", True), ("xx somchai xx", True),
        ("1234567890", True), ("ม้าวิ่งข้ามสะพาน", False), ("four words are fine", False), ("x" * 300, True),
    ],
)  # fmt: skip
def test_what_can_be_a_password(password: str, is_weak: bool) -> None:
    assert (rules.find_weakness(password, "somchai") is not None) == is_weak


@given(st.binary(min_size=12, max_size=16))
def test_a_recovery_code_is_known_however_it_is_typed(raw: bytes) -> None:
    code = rules.recovery_code_of(raw)
    hashes = ["0" * 64, rules.hash_recovery(code)]
    for typed in (code, code.lower(), code.replace("-", " "), code.replace("-", "")):
        assert rules.looks_like_recovery(typed)
        assert rules.find_recovery(hashes, (), typed) == 1
        assert rules.find_recovery(hashes, (1,), typed) is None
    assert not rules.looks_like_recovery("123456")


@given(st.integers(0, 10_000))
def test_each_failure_costs_at_least_as_much_as_the_one_before(failures: int) -> None:
    free = rules.FREE_FAILURES
    assert rules.delay_after(failures, free) <= rules.delay_after(failures + 1, free) <= rules.LONGEST_DELAY_S
    assert (rules.delay_after(failures, free) == 0) == (failures <= free)


def test_a_secret_is_twenty_bytes_in_base_32() -> None:
    assert rules.totp_secret_bytes(base64.b32encode(RFC_SECRET).decode()) == RFC_SECRET
    assert rules.totp_secret_bytes(base64.b32encode(b"short").decode()) is None
    assert rules.totp_secret_bytes("not base 32!") is None
