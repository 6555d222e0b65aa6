"""Sets aside what nats-server could not open, before each start of the broker: as little as possible, and no loop.

nats-server goes on without what it cannot open: without a consumer nothing reaches the program any more, and what waited
for it is thrown away. So the files are looked at first.

1. The state of a consumer is torn: it gets an empty one. Everything that still waits is delivered again, and the same
   press is one report. Its settings are torn: they stand in the session that owns it, and are written anew.
2. The messages or the program's session cannot be opened: all of the store is set aside, and the broker begins with
   none. The program takes the messages from what was set aside (leftovers.py).
3. A block of messages is torn inside: nats-server cuts it off there. A copy of it is kept for the program first.

Nothing is deleted: what was torn lies in `set-aside`, for a person. The standard library only.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from safezone.entrypoints.broker import files

SET_ASIDE: Final = "set-aside"
WISH: Final = "store-keeps-nothing"
"""The file with which the program asks that the whole store be set aside at the next start of the broker."""
MOST_WHOLE: Final = 3
"""So many whole stores within WITHIN_S and no more: a disk that tears everything again and again is not helped by it."""
WITHIN_S: Final = 3600.0
LOOKED_AT: Final = 8
"""Blocks, of 8 MB at most, from the newest back: what was flushed long ago is not torn by a disk that stops."""


class Aside(NamedTuple):
    """What was set aside at one time, and why."""

    folder: Path
    whole: bool
    """All that the broker had, not a part of it."""
    parts: list[str]
    at: datetime
    taken: int | None
    """Presses that the program has found in it and handed on; None as long as it has not looked, or there are none."""


def mend(directory: Path) -> Aside | None:
    """The broker of this directory, which does not run, will open its store; what was in the way is set aside.

    OSError when the disk does not take it; then everything is as it was, or half done and done again the next time.
    """
    streams = directory / "store" / files.STREAMS
    why = "it kept nothing" if (directory / WISH).exists() else _why_all_of_it(streams, _client_id(directory))
    if why is None:
        return _mend_parts(directory, streams)
    if sum(each.whole and _age_s(each) < WITHIN_S for each in list_aside(directory)) >= MOST_WHOLE:
        (directory / WISH).unlink(missing_ok=True)
        return None
    aside = _new_folder(directory, whole=True, parts=[why])
    for name in ("store", WISH):
        if (directory / name).exists():
            (directory / name).rename(aside / name)
    return _read(aside)


def _mend_parts(directory: Path, streams: Path) -> Aside | None:
    torn = [each for each in _consumers(streams) if not _is_whole(each)]
    blocks = [each for each in _blocks(streams) if files.is_torn_inside(each.read_bytes())]
    if not torn and not blocks:
        return None
    parts = [f"{each.parent.name}/{each.name}" for each in (*torn, *blocks)]
    aside = _new_folder(directory, whole=False, parts=parts)
    for block in blocks:
        (aside / "msgs").mkdir(exist_ok=True)
        shutil.copyfile(block, aside / "msgs" / block.name)
    sessions = files.read_sessions(streams).values()
    known = {name: settings for session in sessions for name, settings in session.items()}
    for consumer in torn:
        shutil.copytree(consumer, aside / consumer.name)
        _mend_consumer(consumer, known.get(consumer.name))
    return _read(aside)


def wish_set_aside(directory: Path) -> None:
    """The whole store is set aside at the next start of the broker; OSError when the disk does not take the wish."""
    _write(directory / WISH, b"")


def list_aside(directory: Path) -> list[Aside]:
    """Everything that was set aside here and that no person has taken away, the oldest first."""
    try:
        folders = sorted((directory / SET_ASIDE).iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [each for each in map(_read, folders) if each is not None]


def note_taken(aside: Aside, presses: int) -> None:
    """The program has handed on all that could be read in it: this many presses."""
    _write(aside.folder / "taken.json", json.dumps({"presses": presses}).encode())


def _why_all_of_it(streams: Path, client_id: str) -> str | None:
    """Why nothing of it is of use to the broker as it stands; None when it is."""
    if not (streams / files.MESSAGES).is_dir():
        return None  # The first start of all.
    if not files.is_whole_stream(streams / files.MESSAGES):
        return f"{files.MESSAGES}/meta.inf"
    door = files.name_of_session(client_id)
    own = {each.name for each in _consumers(streams) if each.name.startswith(f"{door}_")}
    if own and not own & files.read_sessions(streams).get(door, {}).keys():
        return f"{files.SESSIONS}/msgs"
    return None


def _consumers(streams: Path) -> list[Path]:
    with suppress(FileNotFoundError):
        return sorted(each for each in (streams / files.MESSAGES / "obs").iterdir() if each.is_dir())
    return []


def _blocks(streams: Path) -> list[Path]:
    return files.list_blocks(streams / files.MESSAGES / "msgs")[-LOOKED_AT:]


def _is_whole(consumer: Path) -> bool:
    return files.is_whole_consumer(consumer) and files.is_whole_state(consumer)


def _mend_consumer(consumer: Path, settings: Mapping[str, Any] | None) -> None:
    """It begins with the first message that is still there; one that no session knows is gone from the store."""
    if not files.is_whole_consumer(consumer):
        if settings is None:
            shutil.rmtree(consumer)  # A copy of it is kept.
            return
        now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        named = {"Name": consumer.name, "name": consumer.name}
        said = {"Created": now, **named, **settings, "max_deliver": -1}
        _write(consumer / "meta.inf", json.dumps(said).encode())
        _write(consumer / "meta.sum", b"0" * 16)  # It has to be there; nats-server does not compare it.
    _write(consumer / "o.dat", b"")


def _client_id(directory: Path) -> str:
    try:
        return str(json.loads((directory / "broker.json").read_bytes())["client_id"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _new_folder(directory: Path, *, whole: bool, parts: list[str]) -> Path:
    """Made for what is set aside now, with the reason in it."""
    above = directory / SET_ASIDE
    above.mkdir(mode=0o700, exist_ok=True)
    name = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    number = 1
    while True:
        folder = above / (name if number == 1 else f"{name}-{number}")
        try:
            folder.mkdir(mode=0o700)
            break
        except FileExistsError:
            number += 1
    said = {"at": datetime.now(UTC).isoformat(), "whole": whole, "parts": parts}
    _write(folder / "why.json", json.dumps(said).encode())
    return folder


def _read(folder: Path) -> Aside | None:
    try:
        said = json.loads((folder / "why.json").read_bytes())
        taken = None
        if (folder / "taken.json").exists():
            taken = int(json.loads((folder / "taken.json").read_bytes())["presses"])
        at = datetime.fromisoformat(said["at"])
        return Aside(folder, bool(said["whole"]), [str(each) for each in said["parts"]], at, taken)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _age_s(aside: Aside) -> float:
    return (datetime.now(UTC) - aside.at).total_seconds()


def _write(path: Path, content: bytes) -> None:
    """All of it is in the file and on the disk, or nothing of it."""
    draft = path.with_name(path.name + ".new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
