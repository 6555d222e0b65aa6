"""Who somebody is at the station's OpenID Connect provider: linked to an account, and opening it.

The provider's name for a person is personal: it is sealed, and goes when the account is forgotten or reset.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from safezone.core import vault
from safezone.core.accounts import events as ev
from safezone.core.accounts import refusals
from safezone.core.accounts.commands import OpenAccountSession, Second
from safezone.core.accounts.own import Own, require_account
from safezone.core.accounts.provider_sessions import AtProvider, note_at_provider
from safezone.core.accounts.spent import spend
from safezone.core.accounts.tables import provider_link
from safezone.core.auth import Issued
from safezone.core.bus import Bus
from safezone.core.db import from_us, to_us
from safezone.core.errors import Conflict, NotFound
from safezone.core.event import Entry, Event, Sealed
from safezone.core.i18n import Words
from safezone.core.ids import new_id
from safezone.core.sessions import Hint
from safezone.core.settings import Accounts
from safezone.core.work import UnitOfWork


class ProviderLinked(Event, frozen=True, tag="provider_linked"):
    """Whoever the provider knows by the sealed name may come in as this account."""

    subject_field = "account_id"
    account_id: str
    link_id: str
    who: Sealed


class ProviderUnlinked(Event, frozen=True, tag="provider_unlinked"):
    """They may not any more."""

    subject_field = "account_id"
    account_id: str
    link_id: str


class Subject(msgspec.Struct, frozen=True):
    """Somebody, as the provider names them."""

    issuer: str
    subject: str


class LinkProvider(msgspec.Struct, frozen=True):
    """I am this person at the provider; `once` is what the way there began with.

    Minutes have gone by there: whoever was put out meanwhile links nothing (`require_still_good`).
    """

    who: Subject
    once: str


class UnlinkProvider(msgspec.Struct, frozen=True):
    """Let me in by the provider no more."""

    link_id: str


class OpenByProvider(msgspec.Struct, frozen=True, kw_only=True):
    """Open a session for whom the provider has just shown; answers with `Issued`. Only the program itself may ask.

    `link`: the account has this very name, as the settings want it, and is linked by that now.
    """

    account_id: str
    who: Subject
    once: str
    by: tuple[str, ...]
    link: bool = False
    second: Second = Second()
    hint: Hint = Hint()
    browser_secret: str = ""
    at: AtProvider | None = None


class ProviderLinkView(msgspec.Struct, frozen=True):
    """A provider by which somebody may come in; `subject` is their name there."""

    id: str
    issuer: str
    subject: str
    linked_at: datetime


def register(bus: Bus, settings: Accounts) -> None:
    """The lane knows how accounts are linked, and opened by that."""
    own = Own(settings)
    bus.handle(LinkProvider, _link)
    bus.handle(UnlinkProvider, _unlink)
    bus.handle(OpenByProvider, lambda cmd, uow: _open(cmd, uow, own))
    bus.apply(ProviderLinked, _apply_linked)
    bus.apply(ProviderUnlinked, _apply_unlinked)
    bus.apply(ev.AccountReset, _apply_forgotten)
    bus.apply(ev.AccountErased, _apply_forgotten)


def _link(cmd: LinkProvider, uow: UnitOfWork) -> None:
    account_id = require_account(uow.identity)
    spend(uow, cmd.once)
    _record_link(uow, account_id, cmd.who)


def _record_link(uow: UnitOfWork, account_id: str, who: Subject) -> None:
    linked = find_linked(uow.conn, uow.station, who)
    if linked is not None and linked != account_id:
        raise Conflict(
            "linked_elsewhere",
            Words(
                th="บัญชีของผู้ให้บริการนี้เชื่อมกับบัญชีอื่นของสถานีอยู่แล้ว: เข้าด้วยบัญชีนั้นแล้วยกเลิกการเชื่อมก่อน",
                en="This account of the provider is linked to another one of the station: sign in with that and unlink it first.",
            ),
        )
    if linked is None:
        sealed = uow.seal(msgspec.json.encode(who), "provider_subject")
        uow.record(ProviderLinked(account_id=account_id, link_id=new_id(), who=sealed))


def _unlink(cmd: UnlinkProvider, uow: UnitOfWork) -> None:
    account_id = require_account(uow.identity)
    row = next((row for row in _rows(uow.conn, uow.station, account_id) if row.id == cmd.link_id), None)
    if row is None:
        raise NotFound(
            "no_link",
            Words(
                th="ไม่มีการเชื่อมนี้ อาจยกเลิกไปแล้ว เปิดหน้าบัญชีของฉันใหม่เพื่อดู",
                en="There is no such link; it may have been undone. Open your account page anew to see.",
            ),
        )
    uow.record(ProviderUnlinked(account_id=account_id, link_id=row.id))
    vault.erase(uow.conn, uow.station, [row.ref])


def _open(cmd: OpenByProvider, uow: UnitOfWork, own: Own) -> Issued:
    uow.identity.require("system")
    spend(uow, cmd.once)
    if cmd.link:
        _record_link(uow, cmd.account_id, cmd.who)
    elif find_linked(uow.conn, uow.station, cmd.who) != cmd.account_id:
        raise refusals.bad_sign_in()
    issued = own.open_session(
        OpenAccountSession(
            account_id=cmd.account_id,
            by=cmd.by,
            second=cmd.second,
            hint=cmd.hint,
            browser_secret=cmd.browser_secret,
        ),
        uow,
    )
    if cmd.at is not None:
        note_at_provider(uow, issued.credential_id, cmd.at)
    return issued


def _apply_linked(conn: Connection, entry: Entry, event: ProviderLinked) -> None:
    conn.execute(
        provider_link.insert(),
        {
            "station": entry.station,
            "id": event.link_id,
            "account_id": event.account_id,
            "ref": event.who.ref,
            "linked_at_us": to_us(entry.at),
        },
    )


def _apply_unlinked(conn: Connection, entry: Entry, event: ProviderUnlinked) -> None:
    of_it = (provider_link.c.station == entry.station) & (provider_link.c.id == event.link_id)
    conn.execute(provider_link.delete().where(of_it))


def _apply_forgotten(conn: Connection, entry: Entry, event: ev.AccountErased | ev.AccountReset) -> None:
    of_it = (provider_link.c.station == entry.station) & (provider_link.c.account_id == event.account_id)
    conn.execute(provider_link.delete().where(of_it))


# ── what is asked ──


def find_linked(conn: Connection, station: str, who: Subject) -> str | None:
    """The account of this person; None when there is none. What is sealed cannot be searched: every link is opened."""
    rows = _rows(conn, station)
    opened = vault.open_many(conn, station, [row.ref for row in rows]) if rows else {}
    wanted = msgspec.json.encode(who)
    return next((row.account_id for row in rows if opened.get(row.ref) == wanted), None)


def list_links(conn: Connection, station: str, account_id: str) -> list[ProviderLinkView]:
    """By whom somebody is known elsewhere."""
    rows = _rows(conn, station, account_id)
    opened = vault.open_many(conn, station, [row.ref for row in rows]) if rows else {}
    found = []
    for row in rows:
        if row.ref in opened:
            who = msgspec.json.decode(opened[row.ref], type=Subject)
            found.append(ProviderLinkView(row.id, who.issuer, who.subject, from_us(row.linked_at_us)))
    return found


def _rows(conn: Connection, station: str, account_id: str | None = None) -> list[Any]:
    asked = select(provider_link).where(provider_link.c.station == station)
    if account_id is not None:
        asked = asked.where(provider_link.c.account_id == account_id)
    return list(conn.execute(asked.order_by(provider_link.c.linked_at_us, provider_link.c.id)))
