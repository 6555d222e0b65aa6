"""Text that either engine can keep: PostgreSQL has no NUL character, so none is taken on SQLite either."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

_encode: Final = msgspec.json.Encoder().encode
_NUL: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


def has_nul(command: Any) -> bool:
    """Whether a text in the command has a NUL character (1 µs for a small one).

    A command that says `keeps_any_text` is not looked at: what it keeps as text is its own, and it must not be refused.
    """
    asked = getattr(command, "command", command)
    if getattr(asked, "keeps_any_text", False):
        return False
    try:
        said = _encode(asked)
    except (TypeError, ValueError):
        return False  # Something that no door lets in.
    return b"\\u0000" in said and _NUL.search(said) is not None
