"""Who came in, who was refused, and who looked at what citizens said: a file a day, kept for at least 90 days.

A line names the look and never holds what was seen. What somebody *does* is an event of the log; this is for what leaves
no event behind. Files, not tables: a look must not wait for the writing lane, and a flood of refusals must not fill it.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from heapq import merge
from itertools import islice
from pathlib import Path
from typing import Annotated, Final

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.types import Message, Scope
from sqlalchemy import Connection

from safezone.core.clock import Clock
from safezone.core.db import to_us
from safezone.core.desk import Desk
from safezone.core.identity import Identity
from safezone.core.taking_out import remembered_purpose
from safezone.entrypoints.gate import address_key
from safezone.entrypoints.pacing import Allowance
from safezone.entrypoints.remembered import remembered_identity
from safezone.region.queries import list_looks

logger = logging.getLogger("safezone.access")

LONGEST_LIST: Final = 1000
REFUSALS_PER_S: Final = 1.0
REFUSALS_AT_ONCE: Final = 200
"""Of one address; a flood of them says nothing more, and would fill the disk."""

_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
LOOKED_FROM_REGION: Final = "looked_from_region"
"""No line of this log: a look from the seat of the region, as its own record tells it (see `region`)."""
LOOKS: Final = {
    "/api/v1/console": "saw_console",
    "/api/v1/live": "joined_live",
    "/api/v1/incidents": "listed_incidents",
    "/api/v1/incidents/{incident_id}": "opened_incident",
    "/api/v1/incidents/{incident_id}/photos/{photo_id}": "saw_photo",
    "/api/v1/assets/{asset_id}/files/{file_id}": "saw_paper",
    "/api/v1/estate/mous/{mou_id}/paper": "saw_paper",
    "/api/v1/handover": "read_handover",
    "/api/v1/region/stations": "saw_region",
    "/api/v1/region/stations/{station_id}": "saw_station",
    "/api/v1/units": "saw_positions",
    "/api/v1/units/{unit_id}": "saw_positions",
    "/api/v1/admin/refused-messages": "read_refused_messages",
    "/api/v1/admin/credentials": "listed_credentials",
    "/api/v1/admin/access": "read_access_log",
    "/api/v1/audit": "read_audit",
    "/api/v1/audit/lines/{seq}": "read_audit_line",
    "/api/v1/audit/checkpoints/{name}": "read_checkpoint",
    "/api/v1/audit/checkpoints/{name}/print": "read_checkpoint",
}
"""What a successful GET of an address lets somebody see."""


DEEDS: Final = {
    "/api/v1/audit/export": "exported_audit",
    "/api/v1/estate/export": "exported_assets",
    "/api/v1/audit/checkpoints": "made_checkpoint",
    "/api/v1/audit/chain/check": "checked_chain",
}
"""What a successful POST of an address lets somebody see or take, without anything being changed in the record."""


class AccessEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One look, sign-in, sign-out or refusal. `about` are the ids in the address, never what was seen."""

    at: datetime
    what: str
    actor: str
    address: str
    path: str
    status: int
    credential_id: str | None = None
    about: dict[str, str] = {}
    purpose: str = ""
    """Why, as a code; what was written freely is sealed and stands in the log alone."""
    case: str = ""


class AccessList(msgspec.Struct, frozen=True):
    """The last entries, newest first."""

    items: list[AccessEntry]


class AccessLog:
    """The files of one folder, `access-2026-11-21.jsonl` for each day (UTC), for the eyes of this user only."""

    def __init__(self, folder: Path, clock: Clock, keep_days: int) -> None:
        self.folder = folder
        self._clock = clock
        self._keep_days = keep_days
        self._refusals = Allowance(REFUSALS_PER_S, REFUSALS_AT_ONCE)
        self._day = ""
        self._file = -1
        self._trouble = False

    async def on_send(self, message: Message, scope: Scope) -> None:
        """Called with the beginning of each answer: notes those that are worth it."""
        if message["type"] != "http.response.start":
            return
        status: int = message["status"]
        what = _what(scope, status)
        client = scope.get("client")
        address = "" if client is None else client[0]
        if what is None or (what == "refused" and self._refusals.take(address_key(address))):
            return
        who = remembered_identity(scope)
        # Of what was refused only what looks like an id of ours: anything may stand in an address, a secret too.
        named = {name: str(value)[:100] for name, value in scope.get("path_params", {}).items()}
        about = named if status < 300 else {name: each for name, each in named.items() if _ID.fullmatch(each)}
        self.note(
            AccessEntry(
                self._clock.now(),
                what,
                "public:anonymous" if who is None else who.actor,
                address,
                f"{scope.get('method', '')} {scope.get('path_template', '')}",
                status,
                None if who is None else who.credential_id,
                about,
                *remembered_purpose(scope),
            )
        )

    def note(self, entry: AccessEntry) -> None:
        """The entry is in the file of its day; a disk that takes nothing stops nobody and is told about once."""
        try:
            day = entry.at.strftime("%Y-%m-%d")
            if day != self._day:
                self._turn_over(day, entry.at)
            os.write(self._file, msgspec.json.encode(entry) + b"\n")
            self._trouble = False
        except OSError as problem:
            if not self._trouble:
                logger.warning("บันทึกการเข้าถึงไม่ได้ / the access log cannot be written: %s", problem)
            self._trouble = True

    def close(self) -> None:
        """The file of today is closed."""
        if self._file >= 0:
            os.close(self._file)
        self._file, self._day = -1, ""

    def _turn_over(self, day: str, at: datetime) -> None:
        """A new day has a new file, and the files that are old enough are deleted."""
        self.close()
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = self.folder / f"access-{day}.jsonl"
        self._file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        if os.fstat(self._file).st_size:
            # A power cut may have left half a line: the next one begins on its own.
            os.write(self._file, b"\n")
        self._day = day
        oldest = (at - timedelta(days=self._keep_days)).strftime("access-%Y-%m-%d.jsonl")
        for file in self.folder.glob("access-*.jsonl"):
            if file.name < oldest:
                file.unlink(missing_ok=True)


def list_entries(
    folder: Path, limit: int = 100, before: datetime | None = None, actor: str = "", about: str = ""
) -> list[AccessEntry]:
    """The last entries of a folder's files, newest first; a line that a power cut left half-written is left out."""
    found: list[AccessEntry] = []
    for entry in _newest_first(folder):
        fits = (
            (before is None or entry.at < before)
            and (not actor or entry.actor == actor)
            and (not about or about in entry.about.values())
        )
        if fits:
            found.append(entry)
            if len(found) >= limit:
                break
    return found


def list_placed(
    folder: Path, before: tuple[str, int] | None, until_day: str, since_day: str
) -> Iterator[tuple[tuple[str, int], AccessEntry]]:
    """Every entry behind a place (file and line), newest first, of the files of these days (UTC) alone."""
    decoder = msgspec.json.Decoder(AccessEntry)
    for file in sorted(folder.glob("access-*.jsonl"), reverse=True):
        day = file.stem.removeprefix("access-")
        if day < since_day or day > until_day or (before is not None and file.name > before[0]):
            continue
        lines = file.read_bytes().splitlines()
        end = before[1] if before is not None and file.name == before[0] else len(lines)
        for number in range(end - 1, -1, -1):
            try:
                yield (file.name, number), decoder.decode(lines[number])
            except msgspec.DecodeError:
                continue


def list_from_region(
    conn: Connection, station: str, limit: int, actor: str = "", about: str = ""
) -> list[AccessEntry]:
    """The last looks at this station from the seat of its region, newest first, as if each were a line of this log.

    Their address is known at the seat alone. `actor` is somebody there, `commander:province@<seat>`; `about` the seat.
    """
    found: list[AccessEntry] = []
    before: tuple[int, str, int] | None = None
    while True:
        looks = list_looks(conn, station, None, None, before, limit)
        for look in looks:
            before = (to_us(look.at), look.seat, look.seq)
            whose = f"{look.actor}@{look.seat}"
            if actor in ("", whose) and about in ("", look.seat):
                found.append(
                    AccessEntry(look.at, LOOKED_FROM_REGION, whose, "", "", 200, about={"seat": look.seat})
                )
        if len(looks) < limit or len(found) >= limit:
            return found[:limit]


def newest_of(limit: int, *lists: list[AccessEntry]) -> list[AccessEntry]:
    """The newest of several lists, each of which has its own newest first."""
    return list(islice(merge(*lists, key=lambda entry: entry.at, reverse=True), limit))


def _newest_first(folder: Path) -> Iterator[AccessEntry]:
    decoder = msgspec.json.Decoder(AccessEntry)
    for file in sorted(folder.glob("access-*.jsonl"), reverse=True):
        for line in reversed(file.read_bytes().splitlines()):
            try:
                yield decoder.decode(line)
            except msgspec.DecodeError:
                continue


def _what(scope: Scope, status: int) -> str | None:
    """What an answer means for this log; None where it is not worth a line."""
    path, method = scope.get("path_template", ""), scope.get("method", "GET")
    if status in (401, 403):
        return "refused"
    if path == "/api/v1/session" and method in ("POST", "DELETE") and status < 300:
        return "signed_in" if method == "POST" else "signed_out"
    if status >= 300:
        return None
    return DEEDS.get(path) if method == "POST" else LOOKS.get(path) if method in ("GET", "HEAD") else None


class AccessRoutes(Controller):
    """For administrators and auditors: who looked."""

    path = "/api/v1/admin/access"
    tags = ("administration",)

    @get()
    async def list_access(
        self,
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        access_folder: NamedDependency[Path],
        limit: Annotated[int, QueryParameter(ge=1, le=LONGEST_LIST)] = 200,
        actor: Annotated[str | None, QueryParameter(max_length=120, required=False)] = None,
        about: Annotated[str | None, QueryParameter(max_length=100, required=False)] = None,
    ) -> AccessList:
        """Who came in, was refused, or looked at what, here or at the seat of the region; `actor` as in
        `operator:ccoc-1`, `about` an incident's id.
        """
        identity.require("admin", "auditor")
        wanted = actor or "", about or ""
        here = list_entries(access_folder, limit, None, *wanted)
        there = await desk.ask(list_from_region, identity.station, limit, *wanted)
        return AccessList(newest_of(limit, here, there))
