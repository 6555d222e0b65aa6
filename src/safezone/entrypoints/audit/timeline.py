"""One timeline of what was done (the log) and what was looked at or refused (the access log), newest first, page by page."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection

from safezone.core.accounts.selection import actor_of_erased, find_erased
from safezone.core.audit import Filter, Place, list_lines
from safezone.core.db import from_us
from safezone.core.errors import Invalid
from safezone.core.i18n import Words
from safezone.entrypoints.access import AccessEntry, list_placed
from safezone.entrypoints.audit.names import names_of
from safezone.entrypoints.audit.words import EXPORTS, KINDS, LOOKS

Only = Literal["", "done", "looks", "refusals", "exports"]


class AuditItem(msgspec.Struct, frozen=True, kw_only=True):
    """One line: who, what, when, why, about what. `seq` is the line of the log; None for a look or a refusal."""

    id: str
    seq: int | None
    at: datetime
    actor: str
    """Who, by role and name; `operator:#<id>` is the account of this id, which was erased."""
    kind: str
    words: Words
    subject: str
    about: str
    """What people call the subject, such as the number of an incident; empty where they have no other name for it, and
    `#<id>` where an account was erased."""
    purpose: str
    case: str
    address: str
    path: str
    status: int | None


class AuditPage(msgspec.Struct, frozen=True):
    """Some lines, and with what the next page is asked for; None at the end."""

    items: list[AuditItem]
    next: str | None


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """Behind which line of the log and which line of the access log a page begins."""

    log: tuple[int, int] | None = None
    access: tuple[str, int] | None = None

    def encode(self) -> str:
        """As it stands in an address."""
        return base64.urlsafe_b64encode(msgspec.json.encode(self)).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str) -> Cursor:
        """What `encode` has written; Invalid when it is anything else."""
        try:
            raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            return msgspec.json.decode(raw, type=cls)
        except (ValueError, binascii.Error, msgspec.DecodeError):
            raise Invalid("bad_cursor", Words(th="ไม่รู้จักหน้านี้", en="There is no such page.")) from None


def read_page(
    conn: Connection, station: str, folder: Path, wanted: Filter, only: Only, cursor: Cursor, limit: int
) -> AuditPage:
    """Up to `limit` lines behind the cursor. Of two at one moment the look comes first: it leads to what is done."""
    wanted = msgspec.structs.replace(wanted, actor=actor_of_erased(conn, station, wanted.actor))
    done = _lines(conn, station, wanted, only, cursor, limit + 1)
    looks = _looks(folder, wanted, only, cursor)
    items: list[AuditItem] = []
    line, look = next(done, None), next(looks, None)
    log_at, access_at = cursor.log, cursor.access
    while len(items) < limit and (line is not None or look is not None):
        if look is None or (line is not None and line[1].at > look[1].at):
            assert line is not None  # noqa: S101 - one of the two is there
            log_at = line[0]
            items.append(line[1])
            line = next(done, None)
        else:
            access_at = look[0]
            items.append(look[1])
            look = next(looks, None)
    more = line is not None or look is not None
    return AuditPage(_named(conn, station, items), Cursor(log_at, access_at).encode() if more else None)


def _named(conn: Connection, station: str, items: list[AuditItem]) -> list[AuditItem]:
    """What each is about by its name, and nobody whose account was erased by theirs."""
    names = names_of(conn, station, (item.subject for item in items))
    erased = find_erased(conn, station, (item.actor for item in items))
    return [
        msgspec.structs.replace(
            item, about=names.get(item.subject, ""), actor=erased.get(item.actor, item.actor)
        )
        for item in items
    ]


def _lines(
    conn: Connection, station: str, wanted: Filter, only: Only, cursor: Cursor, limit: int
) -> Iterator[tuple[tuple[int, int], AuditItem]]:
    if only in ("looks", "refusals"):
        return
    if only == "exports":
        if wanted.kind not in ("", "look_declared"):
            return
        wanted = msgspec.structs.replace(wanted, kind="look_declared")
    if wanted.kind in LOOKS:
        return
    before = Place(*cursor.log) if cursor.log else None
    for row in list_lines(conn, station, wanted, before, limit):
        yield (row.at_us, row.seq), _of_line(row)


def _of_line(row: Any) -> AuditItem:
    why: dict[str, Any] = msgspec.json.decode(row.data) if row.kind == "look_declared" else {}
    return AuditItem(
        id=f"log-{row.seq}",
        seq=row.seq,
        at=from_us(row.at_us),
        actor=row.actor,
        kind=row.kind,
        words=KINDS.get(row.kind) or Words(row.kind, row.kind),
        subject=row.subject,
        about="",
        purpose=why.get("purpose", ""),
        case=why.get("case") or "",
        address="",
        path="",
        status=None,
    )


def _looks(
    folder: Path, wanted: Filter, only: Only, cursor: Cursor
) -> Iterator[tuple[tuple[str, int], AuditItem]]:
    if only == "done" or wanted.kind in KINDS:
        return
    until = "9999" if wanted.until is None else f"{wanted.until:%Y-%m-%d}"
    since = "" if wanted.since is None else f"{wanted.since:%Y-%m-%d}"
    for place, entry in list_placed(folder, cursor.access, until, since):
        if _fits(entry, wanted, only):
            yield place, _of_look(place, entry)


def _fits(entry: AccessEntry, wanted: Filter, only: Only) -> bool:
    star = wanted.actor.endswith("*")
    return (
        (only != "refusals" or entry.what == "refused")
        and (only != "exports" or entry.what in EXPORTS)
        and (only != "looks" or entry.what != "refused")
        and (not wanted.kind or entry.what == wanted.kind)
        and (
            not wanted.actor
            or (entry.actor.startswith(wanted.actor[:-1]) if star else entry.actor == wanted.actor)
        )
        and (not wanted.subject or wanted.subject in entry.about.values())
        and (wanted.since is None or entry.at >= wanted.since)
        and (wanted.until is None or entry.at < wanted.until)
    )


def _of_look(place: tuple[str, int], entry: AccessEntry) -> AuditItem:
    return AuditItem(
        id=f"{place[0].removesuffix('.jsonl')}-{place[1]}",
        seq=None,
        at=entry.at,
        actor=entry.actor,
        kind=entry.what,
        words=LOOKS.get(entry.what) or Words(entry.what, entry.what),
        subject=next(iter(entry.about.values()), ""),
        about="",
        purpose=entry.purpose,
        case=entry.case,
        address=entry.address,
        path=entry.path,
        status=entry.status,
    )
