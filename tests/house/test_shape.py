"""The house keeps its shape: small files, pure rules, closed cupboards, nothing of a person or a machine inside."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import PurePosixPath

import pytest

from tests.house.sources import Source, list_domains, list_files, list_sources
from tests.support.places import REPO

FILE_LIMIT_LINES = 420
FUNCTION_LIMIT_LINES = 70
"""A file is read in one sitting; a function fits a screen (its docstring is not counted)."""

EVERYWHERE = ("src", "tests", "bench", "tools")

HISTORY = "src/safezone/migrations/versions/"
"""Migrations list tables, one after the other, and are never edited: length is not what makes them hard to read."""

VAGUE_NAMES = {"util", "utils", "helper", "helpers", "manager", "managers", "common", "misc", "stuff"}

IMPURE = {
    "asyncio", "httpx", "http", "litestar", "os", "paho", "pathlib", "random", "secrets", "socket", "sqlalchemy",
    "sqlite3", "subprocess", "threading", "time", "urllib", "uuid",
}  # fmt: skip
"""What rules.py does not import: a decision depends on what it is given, never on the hour, the disk or luck."""

SLEEPS: dict[str, str] = {}
"""Tests that may sleep, each with the reason; the list only shrinks. (Pacing of a simulated device is a reason.)"""


def test_a_file_is_read_in_one_sitting() -> None:
    too_long = {each.name: lines for each in _list_prose() if (lines := _lines(each)) > FILE_LIMIT_LINES}
    assert not too_long, f"more than {FILE_LIMIT_LINES} lines, so two files: {too_long}"


def test_a_function_fits_a_screen() -> None:
    too_long = [
        f"{each.name}:{node.lineno} {node.name}: {length}"
        for each in _list_prose()
        for node in ast.walk(each.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := _length(node)) > FUNCTION_LIMIT_LINES
    ]
    assert not too_long, f"more than {FUNCTION_LIMIT_LINES} lines:\n" + "\n".join(too_long)


def test_a_module_is_named_for_what_it_holds() -> None:
    vague = [
        each.name
        for each in list_sources(*EVERYWHERE)
        if VAGUE_NAMES & set(re.split(r"[/_.]", each.name.removesuffix(".py")))
    ]
    assert not vague, f"named for nothing in particular: {vague}"


def test_every_module_says_what_it_is_for() -> None:
    silent = [each.name for each in list_sources(*EVERYWHERE) if not ast.get_docstring(each.tree)]
    assert not silent, f"no docstring: {silent}"


def test_every_domain_introduces_itself() -> None:
    for domain in list_domains():
        readme = domain / "README.md"
        assert readme.is_file(), (
            f"{domain.name} has no README.md (its words, what it emits and hears, what is not done)"
        )
        assert len(readme.read_text(encoding="utf-8").split()) > 40, f"{readme} says next to nothing"


def test_rules_are_pure() -> None:
    rules = [each for each in list_sources("src") if PurePosixPath(each.name).stem.startswith("rules")]
    assert rules, "no rules.py found"
    impure = [f"{each.name}:{line} {why}" for each in rules for line, why in _impurities(each)]
    assert not impure, "rules.py is given what it needs:\n" + "\n".join(impure)


def test_rules_are_tried_with_drawn_examples() -> None:
    tests = list_sources("tests")
    untried = []
    for domain in list_domains():
        if (domain / "rules.py").exists():
            module = f"safezone.{domain.name}.rules"
            drawn = [
                each
                for each in tests
                if "hypothesis" in each.text and module in each.text.replace(" import ", ".")
            ]
            untried += [] if drawn else [module]
    assert not untried, f"no hypothesis test imports {untried}"


def test_tables_are_kept_in_the_store_of_their_domain() -> None:
    """A table is declared in core or in a store; decisions, decoders, routes and entry points know no SQL."""
    stray = []
    for each in list_sources("src"):
        floor, room = _floor_and_room(each)
        stray += [
            f"{each.name}:{call.lineno} declares a table"
            for call in each.calls()
            if floor not in {"core", "migrations"}
            and not _is_store(room)
            and _called(call) in {"table", "Table"}
        ]
        stray += [
            f"{each.name}:{line} imports {what}"
            for line, what in each.imports()
            if what.startswith("sqlalchemy") and _knows_no_sql(each) and not _only_names(what)
        ]
    assert not stray, "SQL where none belongs:\n" + "\n".join(stray)


def test_a_store_is_opened_by_its_own_domain_alone() -> None:
    """Whoever needs to know asks the queries; only main.py, which wires everything, may name another's store."""
    opened = []
    for each in list_sources("src", "bench"):
        floor, _ = _floor_and_room(each)
        for line, what in each.imports():
            owner, *rooms = what.removeprefix("safezone.").split(".")
            if (
                what.startswith("safezone.")
                and floor not in {owner, "main.py"}
                and any(map(_is_store, rooms))
            ):
                opened.append(f"{each.name}:{line} imports {what}")
    assert not opened, "somebody else's cupboard:\n" + "\n".join(opened)


def test_tests_use_real_things_and_do_not_wait_by_the_clock() -> None:
    tests = list_sources("tests")
    mocks = [
        f"{each.name}:{line} imports {what}"
        for each in tests
        for line, what in each.imports()
        if what.startswith(("unittest.mock", "mock.", "pytest_mock", "flexmock"))
    ]
    assert not mocks, "fakes are written by hand:\n" + "\n".join(mocks)
    sleeping = [
        f"{each.name}:{call.lineno}"
        for each in tests
        if not each.name.startswith("tests/support/") and each.name not in SLEEPS
        for call in each.calls()
        if _called(call) == "sleep" and not _yields_only(call)
    ]
    assert not sleeping, "wait for the thing itself (tests.support.places.eventually):\n" + "\n".join(
        sleeping
    )
    gone = [name for name in SLEEPS if name not in {each.name for each in tests}]
    assert not gone, f"no longer there, so take it off the list: {gone}"


# ── nothing of a machine or a person ──

_SELF = "tests/house/test_shape.py"
_MACHINE = re.compile(r"/root/|/home/[a-z]|/Users/[A-Za-z]|[A-Z]:\\Users|/work/[a-z]|/opt/pypi|/mnt/[a-z]")
_REGISTRY = re.compile(
    r"\b(?:files\.pythonhosted\.org|pypi\.org/simple|registry\.npmjs\.org|registry\.yarnpkg\.com|"
    r"[\w.-]*(?:artifactory|jfrog|nexus|devpi)[\w.-]*\.\w+/)",
    re.IGNORECASE,
)
_SECRET = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36}\b")
_MOBILE = re.compile(r"(?<![\w.-])(?:\+66[ -]?|0)[689]\d(?:[ -]?\d){7}(?![\w.-])")
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@(?P<host>[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[a-z]{2,})\b")
_NATIONAL_ID = re.compile(r"(?<![\d-])\d-\d{4}-\d{5}-\d{2}-\d(?![\d-])")
_NOBODYS_HOSTS = ("example.com", "example.org", "example.net", "example", "invalid", "localhost", "test")


def test_the_repository_names_no_machine_registry_or_secret() -> None:
    found = []
    for name, text in _texts():
        patterns = [("a secret", _SECRET), ("a path of one machine", _MACHINE), ("a registry", _REGISTRY)]
        for what, pattern in patterns[:1] if name == "uv.lock" else patterns:
            found += [
                f"{name}:{_line(text, each.start())} {what}: {each.group()}"
                for each in pattern.finditer(text)
            ]
    assert not found, "\n".join(found)


def test_the_repository_names_no_person() -> None:
    """Telephone numbers contain 0000, addresses end in example.org, and no citizen's number has a valid form."""
    found = []
    for name, text in _texts():
        if name in {"uv.lock", "web/package-lock.json", "LICENSE"} or name.endswith(
            (".csv", ".geojson", ".svg")
        ):
            continue
        people = [
            *(each for each in _MOBILE.finditer(text) if "0000" not in re.sub(r"\D", "", each.group())),
            *(each for each in _EMAIL.finditer(text) if not each["host"].endswith(_NOBODYS_HOSTS)),
            *_NATIONAL_ID.finditer(text),
        ]
        found += [f"{name}:{_line(text, each.start())} {each.group()}" for each in people]
    assert not found, "this could be somebody:\n" + "\n".join(found)


def test_the_lock_files_pin_by_hash_and_name_no_host() -> None:
    bootstrap = (REPO / "tools" / "bootstrap.txt").read_text(encoding="utf-8")
    assert re.search(r"^uv==[\d.]+ \\$", bootstrap, re.MULTILINE)
    assert bootstrap.count("--hash=sha256:") >= 10
    built_with = dict(
        re.findall(r"^([a-z-]+)==(\S+) \\$", (REPO / "tools" / "build.txt").read_text("utf-8"), re.MULTILINE)
    )
    project = tomllib.loads((REPO / "pyproject.toml").read_text(encoding="utf-8"))
    named = dict(each.split("==") for each in project["tool"]["uv"]["build-constraint-dependencies"])
    assert named == built_with, "pyproject.toml and tools/build.txt name different versions"
    lock = REPO / "web" / "package-lock.json"
    if not lock.exists():
        pytest.skip("web/ is not part of this copy of the sources")
    text = lock.read_text(encoding="utf-8")
    assert '"resolved"' not in text, "set omit-lockfile-registry-resolved=true in web/.npmrc"
    assert text.count('"integrity": "sha512-') > 10


@pytest.mark.parametrize(
    ("pattern", "caught"),
    [
        (_MOBILE, "โทร 081-" + "234-5678"),
        (_MOBILE, "+66 81 " + "234 5678"),
        (_EMAIL, "somchai" + "@police.go.th"),
        (_MACHINE, "/home" + "/somchai/main"),
        (_REGISTRY, "https://registry" + ".npmjs.org/vite"),
        (_REGISTRY, "https://artifactory" + ".police.example/npm"),
        (_SECRET, "-----BEGIN RSA " + "PRIVATE KEY-----"),
        (_NATIONAL_ID, "1-2345" + "-67890-12-3"),
    ],
)
def test_the_patterns_catch_what_they_are_for(pattern: re.Pattern[str], caught: str) -> None:
    assert pattern.search(f"before {caught} after")


# ── how it is looked at ──


def _list_prose() -> list[Source]:
    return [each for each in list_sources(*EVERYWHERE) if not each.name.startswith(HISTORY)]


def _lines(source: Source) -> int:
    return len(source.text.splitlines())


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = node.body
    documented = ast.get_docstring(node) is not None
    said = (body[0].end_lineno or 0) - body[0].lineno + 1 if documented else 0
    return (node.end_lineno or node.lineno) - node.lineno + 1 - said


def _impurities(source: Source) -> Iterator[tuple[int, str]]:
    for line, name in source.imports():
        if name.split(".")[0] in IMPURE:
            yield line, f"imports {name}"
    for call in source.calls():
        if _called(call) in {"now", "utcnow", "today", "open", "new_id", "print", "input"}:
            yield call.lineno, f"calls {_called(call)}()"


def _called(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _floor_and_room(source: Source) -> tuple[str, str]:
    """("incidents", "store") for src/safezone/incidents/store.py."""
    path = PurePosixPath(source.name)
    parts = path.relative_to("src/safezone").parts if source.name.startswith("src/safezone/") else path.parts
    return parts[0], path.stem


def _is_store(room: str) -> bool:
    """A store that outgrew one file is split into store_… or keeps its tables apart."""
    return room in {"store", "tables"} or room.startswith("store_")


def _knows_no_sql(source: Source) -> bool:
    """Rooms and families that are handed what they need; an entry point speaks to the domains, not to tables."""
    families = {"intake", "trackers", "sources", "kinds"}
    floor, room = _floor_and_room(source)
    return (
        floor in {"events", "entrypoints"}
        or room.startswith(("rules", "commands", "needs", "routes", "views"))
        or bool(families & set(PurePosixPath(source.name).parts))
    )


def _only_names(what: str) -> bool:
    """Whoever hands a connection on may name its type, and whoever must survive a broken database its error."""
    return what in {"sqlalchemy.Connection", "sqlalchemy.exc.SQLAlchemyError"}


def _yields_only(call: ast.Call) -> bool:
    """sleep(0) lets others run; it waits for nothing."""
    return len(call.args) == 1 and isinstance(call.args[0], ast.Constant) and call.args[0].value == 0


def _texts() -> Iterator[tuple[str, str]]:
    """Name and text of every file of the repository that is text, but for this one."""
    names = [each for each in list_files() if each != _SELF]
    assert len(names) > 20, "hardly any files found: the test looks in the wrong place"
    for name in names:
        raw = (REPO / name).read_bytes()
        if b"\0" not in raw[:8192]:
            yield name, raw.decode("utf-8")


def _line(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1
