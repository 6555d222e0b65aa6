"""What the pages say is so: links lead somewhere, commands can be typed, and the tables are those of the code."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import msgspec
import pytest

from safezone import __version__
from safezone.core.docstrings import meanings_of
from safezone.core.event import kind_of
from safezone.core.in_force import CHANGEABLE
from safezone.core.setting_words import GROUPS, SETTINGS
from safezone.core.settings import Settings
from safezone.core.settings_views import keys_of
from safezone.entrypoints import access
from safezone.entrypoints.audit import words as audit_words
from safezone.main import wire
from tests.house.sources import list_files
from tests.support.places import REPO
from tools import reference

_FENCE = re.compile(
    r"^(?P<mark>```+|~~~+)(?P<language>[^\n]*)\n(?P<body>.*?)^(?P=mark)[ \t]*$", re.MULTILINE | re.DOTALL
)
_INLINE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(
    r"!?\[[^\]]*\]\(<?(?P<target>[^)\s>]+)>?(?:\s+\"[^\"]*\")?\)|(?:src|href)=\"(?P<html>[^\"]+)\""
)
_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)


def list_pages() -> list[Path]:
    """Every page that a person reads."""
    pages = [
        REPO / each
        for each in list_files()
        if each.endswith(".md") and not each.startswith("web/node_modules")
    ]
    assert len(pages) >= 4, "hardly any pages found: the test looks in the wrong place"
    return pages


# ── links ──


def test_links_lead_somewhere() -> None:
    pages = list_pages()
    broken = [
        f"{_name(page)}: {target}" for page in pages for target in _links(page) if not _resolves(page, target)
    ]
    assert not broken, "links that lead nowhere:\n" + "\n".join(broken)


def test_every_page_of_docs_is_reached_from_its_index() -> None:
    """Whoever starts at docs/README.md can get to every page by links."""
    reached, waiting = set[Path](), [REPO / "docs" / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached:
            continue
        reached.add(page)
        targets = [
            (page.parent / unquote(each.split("#")[0])).resolve()
            for each in _links(page)
            if "://" not in each
        ]
        targets = [each / "README.md" if each.is_dir() else each for each in targets]
        waiting += [each for each in targets if each.suffix == ".md" and each.is_file()]
    lost = [
        _name(each) for each in list_pages() if each.is_relative_to(REPO / "docs") and each not in reached
    ]
    assert not lost, f"no link leads to {lost}"


def test_a_link_that_leads_nowhere_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# One thing\n[a](other.md) [b](#one-thing) [c](#another) ![d](<no where.png>)\n", encoding="utf-8"
    )
    assert [each for each in _links(page) if not _resolves(page, each)] == ["other.md", "#another"]


def _links(page: Path) -> Iterator[str]:
    text = _INLINE.sub("", _FENCE.sub("", page.read_text(encoding="utf-8")))
    return ((each["target"] or each["html"]) for each in _LINK.finditer(text))


def _resolves(page: Path, target: str) -> bool:
    if re.match(r"[a-z][a-z0-9+.-]*:", target):
        return True  # somebody else's server is not asked
    place, _, anchor = target.partition("#")
    path = (page.parent / unquote(place)).resolve() if place else page
    if not path.exists():
        return False
    return not anchor or path.suffix != ".md" or unquote(anchor) in _anchors(path)


def _anchors(page: Path) -> set[str]:
    """The names that a forge gives to the headings of a page."""
    headings = _HEADING.findall(_FENCE.sub("", page.read_text(encoding="utf-8")))
    plain = (re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", each) for each in headings)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in plain}


# ── commands ──


def _parser() -> argparse.ArgumentParser:
    parser = reference.find_parser()
    if parser is None:
        pytest.skip("src/safezone/entrypoints/cli/parsing.py does not exist yet")
    return parser


def test_commands_shown_can_be_typed() -> None:
    parser = _parser()
    shown = [(page, each) for page in list_pages() for each in _commands(page)]
    assert shown, "no page shows a single safezone command"
    refused = [f"{_name(page)}: {command}" for page, command in shown if not _parses(parser, command)]
    assert not refused, "the program does not know these commands:\n" + "\n".join(refused)


def test_make_targets_shown_exist() -> None:
    makefile = (REPO / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    shown = [
        (page, word)
        for page in list_pages()
        for text in _typed(page)
        if re.match(r"(\$ )?make\b", text)
        for word in shlex.split(text.removeprefix("$ "), comments=True)[1:]
        if "=" not in word and not word.startswith("-")
    ]
    unknown = [f"{_name(page)}: make {word}" for page, word in shown if word not in targets]
    assert not unknown, f"the Makefile has no such target: {unknown}"


def test_every_command_has_an_example_that_works() -> None:
    parser = _parser()
    commands = list(reference.commands_of(parser))
    assert commands, "the program has no commands"
    wrong = []
    for name, command in commands:
        examples = reference.examples_in(command.epilog or "")
        if not any(each.startswith(f"safezone {name}") for each in examples):
            wrong.append(f"`safezone {name} --help` ends without an example")
        wrong += [
            f"safezone {name}: its own example is refused: {each}"
            for each in examples
            if not _parses(parser, each)
        ]
    assert not wrong, "\n".join(wrong)


def _commands(page: Path) -> Iterator[str]:
    """Every safezone command that a page shows, as it would be typed."""
    for text in _typed(page):
        line = re.sub(r"^(\$ |# )?(\./)?(\.venv/bin/)?", "", text)
        if line == "safezone" or line.startswith("safezone "):
            yield line
        elif found := re.search(r"\bmake run\b.*?ARGS=(?P<quote>['\"])(?P<args>.*?)(?P=quote)", line):
            yield f"safezone demo {found['args']}"


def _typed(page: Path) -> Iterator[str]:
    """The lines of code blocks and the pieces of code in the text."""
    text = page.read_text(encoding="utf-8")
    for block in _FENCE.finditer(text):
        yield from (each.strip() for each in block["body"].replace("\\\n", " ").splitlines())
    yield from (each.strip() for each in _INLINE.findall(_FENCE.sub("", text)))


def _parses(parser: argparse.ArgumentParser, command: str) -> bool:
    """Whether the program takes this command; an ellipsis, a pipe or a redirection ends what is looked at."""
    words = shlex.split(re.split(r"\s(?:\||&&|>|&)", command)[0], comments=True)[1:]
    words = [each for each in words if each not in {"…", "..."}]
    if not words:
        return True
    try:
        parser.parse_args(words)
    except SystemExit as end:
        return end.code in (0, None) or _is_a_whole_family(parser, words)
    return True


def _is_a_whole_family(parser: argparse.ArgumentParser, words: list[str]) -> bool:
    """A command named without the arguments it needs (`safezone press`) is a name, not something to type."""
    names = {name for name, _ in reference.commands_of(parser)}
    return " ".join(words) in names or any(name.startswith(f"{' '.join(words)} ") for name in names)


# ── tables ──


def test_reference_tables_are_those_of_the_code() -> None:
    assert not reference.list_out_of_date(), "run `make docs` and look at what changed"


def test_nothing_but_generated_pages_stands_in_the_reference() -> None:
    found = {each.name for each in reference.FOLDER.iterdir()}
    assert "events.md" in found
    assert found <= {"README.md", *reference.PAGES}, "written by hand, so it belongs on another shelf"


def test_every_setting_says_what_it_means() -> None:
    structs: list[type[msgspec.Struct]] = [Settings]
    structs += [
        each.type for each in msgspec.structs.fields(Settings) if hasattr(each.type, "__struct_fields__")
    ]
    assert len(structs) > 2
    silent = [
        f"{struct.__name__}.{field.name}"
        for struct in structs
        for field in msgspec.structs.fields(struct)
        if field.type not in structs and field.name not in meanings_of(struct)
    ]
    assert not silent, f"no meaning below it: {silent}"


def test_every_setting_of_the_browser_has_words_in_both_languages() -> None:
    wanted = {key for section in CHANGEABLE for key in keys_of(section)}
    assert set(SETTINGS) == wanted, "core/setting_words.py: name and meaning of what differs here"
    assert set(GROUPS) == set(CHANGEABLE)
    for name, meaning in (*SETTINGS.values(), *GROUPS.values()):
        assert name.th
        assert name.en
        assert any("฀" <= letter <= "๿" for letter in meaning), meaning


def test_every_event_and_every_look_has_words_for_the_auditor() -> None:
    kinds = {kind_of(each) for each in wire(Settings()).bus.event_types()}
    assert set(audit_words.KINDS) == kinds, "entrypoints/audit/words.py: words for what differs here"
    looks = {
        *access.LOOKS.values(),
        *access.DEEDS.values(),
        "refused",
        "signed_in",
        "signed_out",
        access.LOOKED_FROM_REGION,
    }
    assert set(audit_words.LOOKS) == looks, "entrypoints/audit/words.py: words for what differs here"
    for words in (*audit_words.KINDS.values(), *audit_words.LOOKS.values()):
        assert any("฀" <= letter <= "๿" for letter in words.th), words
        assert words.en.isascii()


def test_the_changelog_names_this_version() -> None:
    text = (REPO / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "## [Unreleased]" in text or f"## [{__version__}]" in text


def _name(page: Path) -> str:
    return page.relative_to(REPO).as_posix()
