"""How the processes of a station speak to whoever reads their output: in words, or as one JSON object a line.

The standard library only: the supervisor speaks too, and must stay small. What Python's logging says: logs.py.
"""

from __future__ import annotations

import json
import sys
import time
import tomllib
from pathlib import Path
from typing import Any, Final, Literal

Format = Literal["text", "json"]

_LEVELS: Final = ("debug", "info", "warning", "error")
_NO_LINE_ENDS: Final = {ord(each): f"\\u{ord(each):04x}" for each in "\x85\u2028\u2029"}
"""JSON lets them stand as they are; for many readers of lines they end one."""
_format: Format = "text"


def speak(wanted: Format) -> None:
    """From now on this process says everything in this format."""
    global _format
    _format = wanted


def in_json() -> bool:
    """Whether this process speaks JSON."""
    return _format == "json"


def wanted_by(settings: Path) -> tuple[Format, str]:
    """Format and level of `[log]` in a settings file; the usual ones where it says none, or cannot be read.

    For before the settings are in force: what is wrong with the file is said by whoever loads all of it.
    """
    try:
        section = tomllib.loads(settings.read_text("utf-8")).get("log", {})
        wanted, level = section.get("format"), section.get("level")
    except (OSError, ValueError, RecursionError, AttributeError):
        return "text", "info"
    return "json" if wanted == "json" else "text", level if level in _LEVELS else "info"


def line_of(at_s: float, level: str, logger: str, message: str, **more: Any) -> str:
    """One line of JSON; `at_s` by the clock of the system, told in UTC."""
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at_s))
    said = {"time": f"{whole}.{int(at_s * 1000) % 1000:03d}Z", "level": level, "logger": logger}
    # A file name that is no Unicode comes with lone surrogates, which no JSON may hold as they are.
    text = json.dumps({**said, "message": message, **more}, ensure_ascii=False)
    return text.translate(_NO_LINE_ENDS).encode("utf-8", "backslashreplace").decode()


def say(message: str, logger: str, level: str = "INFO", *, to_stdout: bool = False) -> None:
    """A sentence for whoever looks after the station; `level` as in logging.

    Its end goes with it: unbuffered, as in many containers, `print` writes it by itself, and the line of another process
    may come between.
    """
    stream = sys.stdout if to_stdout else sys.stderr
    stream.write(f"{line_of(time.time(), level, logger, message) if in_json() else message}\n")
    stream.flush()
