"""What a child prints that speaks in words of its own, put line by line into lines of ours. Standard library only."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Final

from safezone.entrypoints.voice import say

LONGEST_LINE_BYTES: Final = 16_384


class Words:
    """The pipe through which one life of a child speaks."""

    def __init__(self, name: str) -> None:
        self._logger = f"safezone.{name}"
        self._rest = b""
        self.pipe: int | None
        self.pipe, self.writing = os.pipe()
        os.set_blocking(self.pipe, False)

    def hand_over(self) -> None:
        """The child has its end; ours of it is closed."""
        os.close(self.writing)

    def hear(self) -> None:
        """Called when something stands in the pipe: words, or its end."""
        if self.pipe is None:
            return
        try:
            read = os.read(self.pipe, 65_536)
        except BlockingIOError:
            return
        if not read:
            self.close()
            return
        *lines, self._rest = (self._rest + read).split(b"\n")
        if len(self._rest) > LONGEST_LINE_BYTES:
            lines, self._rest = [*lines, self._rest], b""
        for line in lines:
            self._tell(line)

    def close(self) -> None:
        """What it had said by its end is told; nothing is heard any more."""
        if self.pipe is None:
            return
        pipe, self.pipe = self.pipe, None
        with suppress(BlockingIOError):
            while read := os.read(pipe, 65_536):
                self._rest += read
        os.close(pipe)
        for line in self._rest.split(b"\n"):
            self._tell(line)
        self._rest = b""

    def _tell(self, line: bytes) -> None:
        if line.strip():
            say(line.decode("utf-8", "replace").rstrip(), self._logger)
