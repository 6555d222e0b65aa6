"""The log as an auditor reads it: newest first, by who, what, about what and when; one line with its hashes."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, select, true, tuple_

from safezone.core.db import from_us, to_us
from safezone.core.errors import NotFound
from safezone.core.i18n import Words
from safezone.core.log import log
from safezone.core.vault import find_text

HIDDEN: Final = ("secret", "password", "hash", "bcrypt", "totp", "recovery", "public_key")
"""A field with such a word in its name is not shown: a hash of a secret is for the door, not for a reader."""
_SHOWN: Final = ("dedupe_sha256",)


MOST_ACTORS: Final = 500


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked for. `actor` is exact, or with `*` at its end every one that begins so (`operator:*`)."""

    actor: str = ""
    kind: str = ""
    subject: str = ""
    since: datetime | None = None
    until: datetime | None = None


class Place(NamedTuple):
    """Behind which line a page begins."""

    at_us: int
    seq: int


class LogLine(msgspec.Struct, frozen=True):
    """One line of the log with its event and its place in the chain. No sealed content; no hash of a secret."""

    seq: int
    id: str
    at: datetime
    actor: str
    kind: str
    subject: str
    data: dict[str, Any]
    prev_hash: str
    hash: str
    purpose_text: str | None = None
    """What was written freely as the purpose of a look, while its key is there."""


def list_lines(conn: Connection, station: str, wanted: Filter, before: Place | None, limit: int) -> list[Any]:
    """Up to `limit` rows of the log, newest first (two lines of one moment by number)."""
    if not wanted.actor.endswith("*"):
        return _list_some(conn, station, wanted, before, limit)
    start = wanted.actor[:-1]
    actors = list_actors(conn, station, start)
    if len(actors) == MOST_ACTORS:
        return _list_some(conn, station, wanted, before, limit)
    # Each of them has their lines in order already: the newest of each are put together, and nothing else is sorted.
    found: list[Any] = []
    for actor in actors:
        one = msgspec.structs.replace(wanted, actor=actor)
        found += _list_some(conn, station, one, before, limit)
    found.sort(key=lambda row: (row.at_us, row.seq), reverse=True)
    return found[:limit]


def _list_some(conn: Connection, station: str, wanted: Filter, before: Place | None, limit: int) -> list[Any]:
    where = [log.c.station == station]
    if wanted.actor.endswith("*"):
        where.append(_begins(wanted.actor[:-1]))
    elif wanted.actor:
        where.append(log.c.actor == wanted.actor)
    if wanted.kind:
        where.append(log.c.kind == wanted.kind)
    if wanted.subject:
        where.append(log.c.subject == wanted.subject)
    if wanted.since is not None:
        where.append(log.c.at_us >= to_us(wanted.since))
    if wanted.until is not None:
        where.append(log.c.at_us < to_us(wanted.until))
    if before is not None:
        where += [log.c.at_us <= before.at_us, tuple_(log.c.at_us, log.c.seq) < (before.at_us, before.seq)]
    columns = (log.c.seq, log.c.at_us, log.c.actor, log.c.kind, log.c.subject, log.c.data)
    # One thing has few lines: they are found by it and then put in order, not looked for along the whole of time.
    at = log.c.at_us + 0 if wanted.subject else log.c.at_us
    newest = select(*columns).where(and_(*where)).order_by(at.desc(), log.c.seq.desc()).limit(limit)
    return list(conn.execute(newest))


def list_actors(conn: Connection, station: str, start: str = "") -> list[str]:
    """Who stands in the log under a name that begins so: jumps along the index instead of reading it."""
    found: list[str] = []
    behind = _begins(start)
    while len(found) < MOST_ACTORS:
        following = select(log.c.actor).where(log.c.station == station, behind).order_by(log.c.actor).limit(1)
        actor = conn.execute(following).scalar()
        if actor is None:
            break
        found.append(str(actor))
        behind = _begins(start) & (log.c.actor > found[-1])
    return found


def _begins(start: str) -> ColumnElement[bool]:
    return (log.c.actor >= start) & (log.c.actor < f"{start}\U0010ffff") if start else true()


def get_line(conn: Connection, station: str, seq: int) -> LogLine:
    """One line as it stands; NotFound when there is none."""
    row = conn.execute(select(log).where(log.c.station == station, log.c.seq == seq)).first()
    if row is None:
        raise NotFound("no_line", Words(th=f"ไม่มีบรรทัด {seq}", en=f"There is no line {seq}."))
    data: dict[str, Any] = msgspec.json.decode(row.data)
    text = (
        find_text(conn, station, data["text"]["ref"])
        if row.kind == "look_declared" and data.get("text")
        else None
    )
    return LogLine(
        row.seq,
        row.id,
        from_us(row.at_us),
        row.actor,
        row.kind,
        row.subject,
        redacted(data),
        row.prev_hash,
        row.hash,
        text,
    )


def redacted(data: dict[str, Any]) -> dict[str, Any]:
    """An event without the hashes of secrets."""
    return {
        name: "•••" if value and _is_hidden(name) else value for name, value in data.items() if name != "kind"
    }


def _is_hidden(name: str) -> bool:
    return name not in _SHOWN and any(word in name for word in HIDDEN)
