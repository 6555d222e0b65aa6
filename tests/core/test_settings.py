"""A settings file says what it means, or the program says in one line what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from safezone.core.errors import CannotStart
from safezone.core.settings import Settings, load_settings


def test_without_a_file_everything_has_its_default(tmp_path: Path) -> None:
    assert load_settings(tmp_path / "safezone.toml") == Settings()


def test_what_is_said_counts_and_the_rest_keeps_its_default(tmp_path: Path) -> None:
    file = tmp_path / "safezone.toml"
    file.write_text("[limits]\nacknowledge_limit_s = 20\n[web]\nport = 9000\n", encoding="utf-8")
    settings = load_settings(file)
    assert (settings.limits.acknowledge_limit_s, settings.web.port) == (20, 9000)
    assert settings.limits.twin_window_s == Settings().limits.twin_window_s
    assert settings.positions == Settings().positions


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[limits]\nacknowledge_limit_s = 0\n", "acknowledge_limit_s"),
        ("[limits]\nacknowledge_limit_s = 'soon'\n", "acknowledge_limit_s"),
        ("[limits]\nacknowlege_limit_s = 5\n", "acknowlege_limit_s"),
        ("[limit]\n", "limit"),
        ("[web]\nport = 70000\n", "port"),
        ("[limits]\nnear_twin_m = 5000\n", "near_twin_m"),
        ("[region]\nseat = 'mdh'\n", "[region]"),
        ("[web\nport = 1\n", "line 1"),
        ("port = 1\nport = 2\n", "line 2"),
        ("# \xff\n", "utf-8"),
        ("a = " + "[" * 100_000, "recursion"),
    ],
)
def test_a_mistake_is_named_in_both_languages(tmp_path: Path, text: str, named: str) -> None:
    file = tmp_path / "safezone.toml"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(CannotStart) as refused:
        load_settings(file)
    for words in (refused.value.words.th, refused.value.words.en):
        assert "safezone.toml" in words
        assert named in words


def test_a_folder_in_place_of_the_file_is_a_mistake_too(tmp_path: Path) -> None:
    with pytest.raises(CannotStart):
        load_settings(tmp_path)
