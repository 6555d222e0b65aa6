"""The bill of materials names all that a station runs, and a licence that nobody has looked at is noticed."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.support.places import REPO
from tools.supply import describe, faults, is_allowed


def test_it_names_everything_that_is_locked_with_its_licence() -> None:
    document = describe()
    named = {component["name"].lower() for component in document["components"]}
    wanted = tomllib.loads((REPO / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    assert {re.split(r"[\[><=; ]", each)[0].lower() for each in wanted} <= named
    assert {"svelte", "maplibre-gl"} <= named, "the screens are part of it"
    assert "pytest" not in named, "what only tests is not shipped"
    assert faults(document) == []
    assert describe() == document, "the same locks give the same bill"


def test_a_licence_that_nobody_has_looked_at_is_noticed() -> None:
    strange = {"name": "x", "version": "1", "licenses": [{"license": {"name": "AGPL-3.0-only"}}]}
    (said,) = faults({"components": [strange]})
    assert "AGPL-3.0-only" in said
    assert faults({"components": [{"name": "x", "version": "1"}]}), "none at all is no licence"


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [("MIT", True), ("GPL-3.0-only", False), ("MIT AND GPL-3.0-only", False), ("GPL-3.0-only OR MIT", True),
     ("(MIT OR Apache-2.0)", True), ("", False)],
)  # fmt: skip
def test_which_expressions_can_be_met(expression: str, allowed: bool) -> None:
    assert is_allowed(expression) is allowed
