"""Reads one uploaded file in a process of its own, which may use so much memory and time and no more.

    python -m safezone.zone.imports.child FOLDER

`FOLDER` holds `asked.json` and the upload; `proposal.json`, `shapes.json` and `buildings.json` are written beside them.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import msgspec

from safezone.core.geo import Point
from safezone.core.limits import limit_cpu, limit_memory
from safezone.zone.imports.proposal import Answers, prepare

MOST_MEMORY: Final = 2 * 1024 * 1024 * 1024
MOST_CPU_S: Final = 60


class Asked(msgspec.Struct, frozen=True):
    """What is to be read, and how."""

    name: str
    home: Point
    answers: Answers


def main(folder: Path) -> int:
    """The proposal lies in the folder; 0 whatever the file was like."""
    limit_memory(MOST_MEMORY)
    limit_cpu(MOST_CPU_S)
    asked = msgspec.json.decode((folder / "asked.json").read_bytes(), type=Asked)
    prepared = prepare(folder / upload_name(asked.name), asked.name, asked.answers, asked.home)
    for name, content in (
        ("shapes.json", prepared.shapes),
        ("buildings.json", prepared.buildings),
        ("proposal.json", prepared.proposal),
    ):
        (folder / name).write_bytes(msgspec.json.encode(content))
    return 0


def upload_name(name: str) -> str:
    """Where an upload lies in its folder: never under a name that somebody else has chosen."""
    suffix = Path(name).suffix.lower()
    return (
        f"upload{suffix}" if suffix.isascii() and suffix[1:].isalnum() and len(suffix) < 10 else "upload.none"
    )


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
