"""Why somebody looks or takes something out: said before it is shown, and in the log before it is shown.

Demanded by every export, and by every view of personal content by somebody outside the command centre (who works on the
incidents all day, and whose looks stand in the access log). A route asks for a `Purpose`, executes `DeclareLook`, and
only then reads. The code and the case number stand in the log and the access log as they are; what is written freely may
name a person, so it is sealed and lies in no plain file.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import msgspec
from sqlalchemy import Connection, select

from safezone.core.bus import Bus
from safezone.core.errors import Invalid
from safezone.core.event import Entry, Event, Sealed, kind_of
from safezone.core.i18n import Words
from safezone.core.log import LogReader, log
from safezone.core.vault import sealed
from safezone.core.work import UnitOfWork

PurposeCode = Literal["case_work", "complaint", "audit", "maintenance", "training", "other"]
PURPOSES: dict[PurposeCode, Words] = {
    "case_work": Words("งานคดี", "Case work"),
    "complaint": Words("เรื่องร้องเรียน", "Complaint"),
    "audit": Words("ตรวจสอบ", "Audit"),
    "maintenance": Words("ดูแลระบบ", "Maintenance"),
    "training": Words("ฝึกอบรม", "Training"),
    "other": Words("อื่น ๆ (ระบุ)", "Other (say which)"),
}


class Purpose(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Why. `case` is needed where it concerns a case (case work, complaint), `text` where it is something else."""

    code: PurposeCode
    case: Annotated[str, msgspec.Meta(max_length=60)] = ""
    text: Annotated[str, msgspec.Meta(max_length=500)] = ""


SORT: Final = "purpose"
"""Under what the words of a purpose lie in the vault."""


class LookDeclared(Event, frozen=True, tag="look_declared"):
    """Somebody has said why, and is then shown or given it. `what` is what is done, `about` the thing or all of them."""

    subject_field = "about"
    what: str
    about: str
    purpose: PurposeCode
    case: str | None = None
    text: Sealed | None = None
    scope: dict[str, str] = msgspec.field(default_factory=dict)
    """What was chosen, such as a period; never what was found."""


class DeclareLook(msgspec.Struct, frozen=True, kw_only=True):
    """Say why, before looking. Returns the line of the log."""

    what: str
    about: str
    purpose: Purpose
    scope: dict[str, str] = msgspec.field(default_factory=dict)


def register(bus: Bus) -> None:
    """The lane knows how a look is declared."""
    bus.handle(DeclareLook, declare_look)
    bus.apply(LookDeclared, _apply)


def declare_look(cmd: DeclareLook, uow: UnitOfWork) -> int:
    """It stands in the log why; Invalid when a case or a reason is missing. Whether they may look, the route has decided."""
    check_purpose(cmd.purpose)
    declared = LookDeclared(
        what=cmd.what,
        about=cmd.about,
        purpose=cmd.purpose.code,
        case=cmd.purpose.case.strip() or None,
        text=uow.maybe_seal(cmd.purpose.text.strip(), SORT),
        scope=cmd.scope,
    )
    return uow.record(declared).seq


def check_purpose(purpose: Purpose) -> None:
    """Return when everything is said that this purpose needs."""
    if purpose.code in ("case_work", "complaint") and not purpose.case.strip():
        raise Invalid(
            "purpose_needs_case",
            Words(
                th="งานคดีและเรื่องร้องเรียนต้องระบุเลขคดีหรือเลขเรื่อง",
                en="Case work and complaints need their number.",
            ),
            field="purpose.case",
        )
    if purpose.code == "other" and not purpose.text.strip():
        raise Invalid(
            "purpose_needs_text",
            Words(th="โปรดระบุวัตถุประสงค์", en="Say what the purpose is."),
            field="purpose.text",
        )


def list_due(
    conn: Connection, station: str, before_us: int, limit: int, reader: LogReader
) -> list[LookDeclared]:
    """The first looks that were declared by then and whose words are still there, at most `limit`."""
    at_one_time = (
        (sealed.c.station == log.c.station) & (sealed.c.at_us == log.c.at_us) & (sealed.c.sort == SORT)
    )
    asked = (
        select(log, sealed.c.ref)
        .join(sealed, at_one_time)
        .where(log.c.station == station, log.c.kind == kind_of(LookDeclared), log.c.at_us <= before_us)
        .order_by(log.c.at_us, log.c.seq)
    )
    found: list[LookDeclared] = []
    for row in conn.execute(asked):
        event = reader.entry_of(row).event
        if isinstance(event, LookDeclared) and event.text is not None and event.text.ref == row.ref:
            found.append(event)
        if len(found) == limit:
            break
    return found


def _apply(_conn: Connection, _entry: Entry, _event: Any) -> None:
    """It leaves no row: the log itself is what is asked."""
