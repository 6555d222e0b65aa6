"""One timeline of what was done (the log), what was looked at or refused (the access log), and who at the seat of the
region has looked at this station (the record of the seat): newest first, page by page.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from sqlalchemy import Connection

from safezone.core.accounts.selection import actor_of_erased, find_erased
from safezone.core.audit import Filter, Place, list_lines
from safezone.core.db import from_us, to_us
from safezone.core.errors import Invalid
from safezone.core.i18n import Words
from safezone.entrypoints.access import LOOKED_FROM_REGION, AccessEntry, list_placed
from safezone.entrypoints.audit.names import names_of
from safezone.entrypoints.audit.words import EXPORTS, KINDS, LOOKS
from safezone.region.queries import Look, list_looks
from safezone.zone.queries import find_name

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


Number = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
"""No time or line is larger; a larger one is no page, and no engine could look for it."""


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """Behind which line of the log, of the access log and of the region's looks a page begins."""

    log: tuple[Number, Number] | None = None
    access: tuple[str, Number] | None = None
    region: tuple[Number, str, Number] | None = None

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
    sources: dict[str, Iterator[tuple[Any, AuditItem]]] = {
        "access": _looks(folder, wanted, only, cursor),
        "region": _from_region(conn, station, wanted, only, cursor, limit + 1),
        "log": _lines(conn, station, wanted, only, cursor, limit + 1),
    }
    heads = {name: head for name, source in sources.items() if (head := next(source, None)) is not None}
    items: list[AuditItem] = []
    while len(items) < limit and heads:
        name = max(heads, key=lambda each: heads[each][1].at)
        place, item = heads.pop(name)
        cursor = msgspec.structs.replace(cursor, **{name: place})
        items.append(item)
        if (following := next(sources[name], None)) is not None:
            heads[name] = following
            heads = {each: heads[each] for each in sources if each in heads}
    return AuditPage(_named(conn, station, items), cursor.encode() if heads else None)


def _named(conn: Connection, station: str, items: list[AuditItem]) -> list[AuditItem]:
    """What each is about by its name, and nobody whose account was erased by theirs."""
    names = names_of(conn, station, (item.subject for item in items))
    erased = find_erased(conn, station, (item.actor for item in items))
    return [
        msgspec.structs.replace(
            item, about=names.get(item.subject, item.about), actor=erased.get(item.actor, item.actor)
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
    return (
        (only != "refusals" or entry.what == "refused")
        and (only != "exports" or entry.what in EXPORTS)
        and (only != "looks" or entry.what != "refused")
        and (not wanted.kind or entry.what == wanted.kind)
        and _names(entry.actor, wanted.actor)
        and (not wanted.subject or wanted.subject in entry.about.values())
        and (wanted.since is None or entry.at >= wanted.since)
        and (wanted.until is None or entry.at < wanted.until)
    )


def _from_region(
    conn: Connection, station: str, wanted: Filter, only: Only, cursor: Cursor, limit: int
) -> Iterator[tuple[tuple[int, str, int], AuditItem]]:
    if only not in ("", "looks") or wanted.kind not in ("", LOOKED_FROM_REGION):
        return
    before = cursor.region
    while True:
        looks = list_looks(conn, station, wanted.since, wanted.until, before, limit)
        for look in looks:
            before = (to_us(look.at), look.seat, look.seq)
            item = _of_region(conn, look)
            if _names(item.actor, wanted.actor) and wanted.subject in ("", look.seat):
                yield before, item
        if len(looks) < limit:
            return


def _of_region(conn: Connection, look: Look) -> AuditItem:
    seat = find_name(conn, look.seat)
    return AuditItem(
        id=f"region-{look.seat}-{look.seq}",
        seq=None,
        at=look.at,
        # Somebody of another station, who may have the name of somebody here.
        actor=f"{look.actor}@{look.seat}",
        kind=LOOKED_FROM_REGION,
        words=LOOKS[LOOKED_FROM_REGION],
        subject=look.seat,
        about="" if seat is None else str(seat.name),
        purpose="",
        case="",
        address="",
        path="",
        status=None,
    )


def _names(actor: str, wanted: str) -> bool:
    return not wanted or (actor.startswith(wanted[:-1]) if wanted.endswith("*") else actor == wanted)


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
