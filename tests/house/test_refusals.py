"""What a person reads when something is refused: in Thai and in English, and, about accounts and signing in, what to do now."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.house.sources import Source, list_sources
from tests.support.places import REPO

REFUSALS = {
    "Refused", "Invalid", "NotSignedIn", "NotAllowed", "NotFound", "Conflict", "TooLarge", "TooMany",
}  # fmt: skip
ABOUT_ACCOUNTS = (
    "src/safezone/core/accounts/",
    "src/safezone/core/auth.py",
    "src/safezone/core/identity.py",
    "src/safezone/entrypoints/gate.py",
    "src/safezone/entrypoints/who.py",
    "src/safezone/entrypoints/problems.py",
    "src/safezone/entrypoints/people/",
    "src/safezone/entrypoints/oidc/",
)
THAI = re.compile("[฀-๿]")
TO_DO_EN = re.compile(
    r"\b(ask|begin|check|choose|compare|give|have|make|now|open|prove|see|send|set|sign|tell|try|use|using|uses|takes|"
    r"must be|works as ever|needs?)\b",
    re.IGNORECASE,
)
TO_DO_TH = re.compile(
    "ขอ|เริ่มใหม่|เริ่มลงชื่อ|ตรวจ|เลือก|ให้|ตั้ง|เปิด|ยืนยัน|ดู|ส่ง|ลงชื่อเข้าใช้|แจ้ง|ลองใหม่|ใช้|ติดต่อ|ใส่|เข้าด้วย|ต้อง"
)


class Sentence(NamedTuple):
    """What is said, its variable parts as `…`, and where."""

    where: str
    th: str
    en: str


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) if isinstance(part, ast.Constant) else "…" for part in node.values)
    return "…"


def _sentence(source: Source, call: ast.Call) -> Sentence:
    parts = {"th": "", "en": ""} | {each.arg: _text(each.value) for each in call.keywords if each.arg}
    for name, arg in zip(("th", "en"), call.args, strict=False):
        parts[name] = _text(arg)
    return Sentence(f"{source.name}:{call.lineno}", parts["th"], parts["en"])


def _named(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""


def list_refusals(source: Source) -> Iterator[Sentence]:
    """The words of every refusal that is made here, also where they have a name of their own."""
    for call in source.calls():
        if _named(call) in REFUSALS:
            inside = [each for arg in call.args for each in ast.walk(arg) if isinstance(each, ast.Call)]
            yield from (_sentence(source, each) for each in inside if _named(each) == "Words")


def list_words(source: Source) -> Iterator[Sentence]:
    """Everything that is said in both languages here."""
    return (_sentence(source, call) for call in source.calls() if _named(call) == "Words")


SOURCES = list_sources("src/safezone")
REFUSED = [each for source in SOURCES for each in list_refusals(source)]
ABOUT = [
    each
    for source in SOURCES
    if source.name.startswith(ABOUT_ACCOUNTS)
    for each in list_words(source)
    if len(each.en) > 12  # a name of something, or words that are put together elsewhere
]


def _is_put_together(text: str) -> bool:
    """Only the name of a field and words from elsewhere."""
    return "…" in text and len(text) < 8


def test_every_refusal_is_said_in_both_languages() -> None:
    assert len(REFUSED) > 100, "they are found"
    wrong = [
        each
        for each in REFUSED
        if not (_is_put_together(each.th) or THAI.search(each.th)) or not each.en or THAI.search(each.en)
    ]
    assert not wrong


@pytest.mark.parametrize("said", ABOUT, ids=lambda said: said.where)
def test_whoever_is_refused_about_an_account_is_told_what_to_do(said: Sentence) -> None:
    assert TO_DO_EN.search(said.en), said.en
    assert TO_DO_TH.search(said.th), said.th


def test_every_way_back_from_the_provider_is_said_on_the_page() -> None:
    """The page is sent one word; each has a sentence of its own there (`oidc.<word>`), in both languages."""
    rooms = [source for source in SOURCES if source.name.startswith("src/safezone/entrypoints/oidc/")]
    words = {
        str(each.value)
        for source in rooms
        for call in source.calls()
        if _named(call) in ("_Ended", "to_our_page")
        for each in ast.walk(call.args[0])
        if isinstance(each, ast.Constant)
    }
    # What the commands on the way may refuse, by the code that the page is sent.
    words |= {"account_suspended", "account_expired", "account_no_second_factor", "bad_sign_in"}
    words |= {"linked_elsewhere", "signed_out"}
    said = (REPO / "web/src/keys/dictionary.ts").read_text("utf-8")
    assert {"no_account", "left", "denied"} <= words
    # The page shows what it does instead, or is told `again`.
    silent = words - {"", "in", "second", "used_already"}
    assert [word for word in silent if said.count(f'"oidc.{word}":') != 2] == []
