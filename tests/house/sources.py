"""The repository as the house tests see it: its files, its Python sources and its pages."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.support.places import REPO

DOMAINS = (
    "insight",
    "planning",
    "region",
    "incidents",
    "patrol",
    "video",
    "vision",
    "drones",
    "community",
    "assets",
    "zone",
)
"""Folders of src/safezone that have rooms (rules, store, …); those not built yet are simply not there."""

NOT_OURS = {".git", ".venv", ".tools", "build", "dist", "node_modules", "web_dist", "__pycache__"}


@dataclass(frozen=True)
class Source:
    """One Python file: its place below the repository, its text and its syntax tree."""

    name: str
    text: str
    tree: ast.Module

    def imports(self) -> Iterator[tuple[int, str]]:
        """Line and full name of everything it imports, wherever in the file."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((node.lineno, each.name) for each in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield from ((node.lineno, f"{node.module}.{each.name}") for each in node.names)

    def calls(self) -> Iterator[ast.Call]:
        """Every call in the file."""
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.Call))


@cache
def list_files() -> list[str]:
    """Every file that belongs to the repository: what git tracks or would add, or all there is without git."""
    if not (REPO / ".git").exists():
        files = (each.relative_to(REPO) for each in REPO.rglob("*") if each.is_file())
        return sorted(each.as_posix() for each in files if not NOT_OURS & set(each.parts))
    listed = subprocess.run(
        ["git", "-c", "core.quotepath=off", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPO,
        capture_output=True,
        text=True,
        check=True,
    )
    return sorted(each for each in set(listed.stdout.split("\0")) if each and (REPO / each).is_file())


@cache
def list_sources(*folders: str) -> list[Source]:
    """The Python files below these folders of the repository; an AssertionError if there is none at all."""
    names = [
        each
        for each in list_files()
        if each.endswith(".py") and each.startswith(tuple(f"{f}/" for f in folders))
    ]
    assert names, f"no Python file found below {folders}: the test looks in the wrong place"
    return [_read(name) for name in names]


def list_domains() -> list[Path]:
    """The folders of the domains that are built."""
    found = [REPO / "src" / "safezone" / each for each in DOMAINS]
    found = [each for each in found if any(each.glob("*.py"))]
    assert found, "no domain found below src/safezone"
    return found


def _read(name: str) -> Source:
    text = (REPO / name).read_text(encoding="utf-8")
    return Source(name, text, ast.parse(text, name))
