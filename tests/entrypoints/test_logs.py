"""`[log] format = "json"`: whatever any process of a station prints is one JSON object a line."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from safezone.core.tracing import current
from safezone.entrypoints import logs
from safezone.entrypoints.voice import wanted_by
from tests.support.places import eventually
from tests.support.running import Station, running

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def lines_of(text: str) -> list[dict[str, Any]]:
    """Every line as what it holds; fails at the first that is no JSON object."""
    found = []
    for line in text.splitlines():
        said = json.loads(line)
        assert isinstance(said, dict), line
        at = datetime.fromisoformat(said["time"])
        assert at.tzinfo == UTC, line
        assert said["level"] in logging.getLevelNamesMapping(), line
        assert said["logger"], line
        assert isinstance(said["message"], str), line
        found.append(said)
    return found


def record(message: str, *args: object, exc_info: Any = None) -> logging.LogRecord:
    return logging.LogRecord("safezone.here", logging.WARNING, __file__, 1, message, args, exc_info)


def test_a_record_is_one_line_whatever_stands_in_it() -> None:
    odd = 'สองบรรทัด\nและ "quoted" \x00 \u2028 \udcff'
    (said,) = lines_of(logs.JsonLines().format(record("%s", odd)))
    assert said["message"] == odd
    assert said["level"] == "WARNING"
    assert set(said) == {"time", "level", "logger", "message"}


def test_the_trace_and_the_exception_stand_beside_the_message() -> None:
    token = current.set(TRACEPARENT)
    try:
        raise LookupError("gone")
    except LookupError:
        (said,) = lines_of(logs.JsonLines().format(record("broken", exc_info=sys.exc_info())))
    finally:
        current.reset(token)
    assert said["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert said["exception"].endswith("LookupError: gone")
    assert said["message"] == "broken"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", ("text", "info")),
        ('[log]\nformat = "json"\nlevel = "warning"\n', ("json", "warning")),
        ('[log]\nformat = "yaml"\nlevel = 7\n', ("text", "info")),
        ("log = 3\n", ("text", "info")),
        ("[log\n", ("text", "info")),
    ],
)
def test_the_format_is_known_before_the_settings_are_loaded(
    tmp_path: Path, text: str, wanted: tuple[str, str]
) -> None:
    (tmp_path / "safezone.toml").write_text(text)
    assert wanted_by(tmp_path / "safezone.toml") == wanted


def test_a_process_that_ends_unexpectedly_says_so_in_the_same_way(tmp_path: Path) -> None:
    (tmp_path / "safezone.toml").write_text('[log]\nformat = "json"\n')
    program = (
        "import pathlib, sys, warnings\n"
        "from safezone.entrypoints import logs\n"
        "logs.set_up(pathlib.Path('safezone.toml'))\n"
        "warnings.warn('an old thing', UserWarning)\n"
        "raise RuntimeError('the end')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    warned, ended = lines_of(done.stderr)
    assert "an old thing" in warned["message"]
    assert ended["level"] == "CRITICAL"
    assert ended["exception"].endswith("RuntimeError: the end")
    assert done.returncode == 1


def test_a_sentence_goes_out_in_one_piece_also_unbuffered() -> None:
    """In two pieces the line of another process may come between a sentence and its end."""
    reading, writing = os.pipe2(os.O_DIRECT)  # Such a pipe keeps each write apart.
    says = "from safezone.entrypoints.voice import say; say('หนึ่ง', 'here'); say('สอง', 'here')"
    env = {**os.environ, "PYTHONUNBUFFERED": "1"}
    subprocess.run([sys.executable, "-c", says], stderr=writing, env=env, check=True)
    os.close(writing)
    pieces = list(iter(lambda: os.read(reading, 4096), b""))
    os.close(reading)
    assert [each.decode() for each in pieces] == ["หนึ่ง\n", "สอง\n"]


def test_every_line_of_a_station_is_json(tmp_path: Path) -> None:
    """Supervisor, node, what the broker says while it starts, and a broker that was killed."""
    with running(tmp_path / "data", settings='[log]\nformat = "json"\n') as station:
        old = station.kill("broker")
        station.wait_until_answering("broker", unlike=old)
        station.ask("GET", "/nowhere")
        for words in ("is started again", "safezone.mqtt"):
            eventually(partial(_has_said, station, words))
    said = lines_of(station.said())
    by_logger = {each["logger"] for each in said}
    assert {"safezone.up", "safezone.supervisor", "safezone.mqtt"} <= by_logger
    assert any(
        "is started again" in each["message"] for each in said if each["logger"] == "safezone.supervisor"
    )
    assert any("/enter#token=" in each["message"] for each in said), "the link must reach whoever started it"


def _has_said(station: Station, words: str) -> bool:
    return words in station.said()


def test_a_station_that_cannot_start_says_why_in_json(tmp_path: Path) -> None:
    settings = '[log]\nformat = "json"\n[web]\nnothing = 1\n'
    with (
        pytest.raises(AssertionError, match="it ended with 78"),
        running(tmp_path / "data", settings=settings),
    ):
        pass
    said = lines_of((tmp_path / "data.log").read_text("utf-8"))
    assert any("nothing" in each["message"] and each["level"] == "ERROR" for each in said)
