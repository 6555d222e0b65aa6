"""What the program logs, in the format and from the level on that the station wants: `[log]` in safezone.toml."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from safezone.core.tracing import trace_id
from safezone.entrypoints.voice import in_json, line_of, speak, wanted_by

logger = logging.getLogger("safezone")

TEXT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class JsonLines(logging.Formatter):
    """One JSON object a line: time (UTC), level, logger, message; trace_id and exception where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of this record."""
        more: dict[str, Any] = {}
        if (trace := trace_id()) is not None:
            more["trace_id"] = trace
        if record.exc_info:
            more["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            more["stack"] = record.stack_info
        return line_of(record.created, record.levelname, record.name, record.getMessage(), **more)


def set_up(settings: Path) -> None:
    """This process logs as the settings file wants it, to the standard error; also what ends it unexpectedly."""
    wanted, level = wanted_by(settings)
    speak(wanted)
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if in_json() else logging.Formatter(TEXT))
    logging.basicConfig(level=level.upper(), handlers=[handler])
    if in_json():
        logging.captureWarnings(True)
        sys.excepthook = _log_the_end


def _log_the_end(kind: type[BaseException], problem: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, problem, trace)
        return
    logger.critical("the process ends: %s", kind.__name__, exc_info=(kind, problem, trace))
