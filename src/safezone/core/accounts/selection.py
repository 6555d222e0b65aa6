"""Finds accounts by id or name, and opens what is sealed of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import Connection, func, select

from safezone.core.accounts.commands import Person
from safezone.core.accounts.events import AccountCreated
from safezone.core.accounts.rules import erased_login, erased_name, login_in
from safezone.core.accounts.tables import account, known_browser, passkey, provider_link
from safezone.core.credentials import sha256_hex
from safezone.core.db import from_us
from safezone.core.event import kind_of
from safezone.core.log import log
from safezone.core.vault import open_many


class Secrets(msgspec.Struct, frozen=True):
    """What a sign-in is compared with. `account_id` is None when nobody has this name."""

    account_id: str | None = None
    login: str = ""
    role: str = ""
    state: str = ""
    """As the account's; `expired` when its time is over."""
    password_ref: str | None = None
    password_hash: str | None = None
    totp_secret: str | None = None
    totp_step: int | None = None
    recovery_hashes: tuple[str, ...] = ()
    recovery_used: tuple[int, ...] = ()
    knows_browser: bool = False


def find_account(conn: Connection, station: str, account_id: str | None) -> Any:
    """The row of an account, or None."""
    asked = select(account).where(account.c.station == station, account.c.id == account_id)
    return conn.execute(asked).first()


def state_of(row: Any, at_us: int) -> str:
    """The account's state now: its time may be over."""
    over = row.expires_at_us is not None and row.expires_at_us <= at_us
    return "expired" if over and row.state in ("active", "invited") else str(row.state)


def find_secrets(
    conn: Connection, station: str, at_us: int, *, login: str | None = None, account_id: str | None = None,
    browser_secret: str = "",
) -> Secrets:  # fmt: skip
    """What belongs to a name or an id; as many questions are asked whether there is such an account or not."""
    named = account.c.login == login if account_id is None else account.c.id == account_id
    row = conn.execute(select(account).where(account.c.station == station, named)).first()
    refs = [None] if row is None else [row.password_ref, row.totp_ref, row.recovery_ref]
    opened = open_many(conn, station, refs if any(refs) else ["none"])
    known = conn.execute(
        select(known_browser.c.at_us).where(
            known_browser.c.station == station,
            known_browser.c.account_id == (row.id if row is not None else "none"),
            known_browser.c.secret_sha256 == sha256_hex(browser_secret),
        )
    ).first()
    if row is None:
        return Secrets()
    hashes = msgspec.json.decode(opened.get(row.recovery_ref or "", b"[]"), type=tuple[str, ...])
    return Secrets(
        row.id,
        row.login,
        row.role,
        state_of(row, at_us),
        row.password_ref,
        _text(opened, row.password_ref),
        _text(opened, row.totp_ref),
        row.totp_step,
        hashes,
        used_codes(row),
        known is not None,
    )


def used_codes(row: Any) -> tuple[int, ...]:
    """Which recovery codes of the account were used."""
    return tuple(map(int, row.recovery_used.split()))


def _text(opened: dict[str, bytes], ref: str | None) -> str | None:
    content = opened.get(ref or "")
    return None if content is None else content.decode()


def open_persons(conn: Connection, station: str, refs: list[str | None]) -> dict[str, Person]:
    """Who the accounts belong to, by reference."""
    opened = open_many(conn, station, refs)
    return {ref: msgspec.json.decode(content, type=Person) for ref, content in opened.items()}


def count_other_admins(conn: Connection, station: str, account_id: str, at_us: int) -> int:
    """Administrators besides this one who can sign in now."""
    asked = select(func.count()).where(
        account.c.station == station,
        account.c.id != account_id,
        account.c.role == "admin",
        account.c.state == "active",
        account.c.expires_at_us.is_(None) | (account.c.expires_at_us > at_us),
    )
    return int(conn.execute(asked).scalar_one())


def find_logins(conn: Connection, station: str, ids: list[str]) -> dict[str, str]:
    """The name with which each of these accounts signs in, by id; for one that was erased its id alone."""
    asked = select(account.c.id, account.c.login, account.c.state).where(
        account.c.station == station, account.c.id.in_(ids)
    )
    return {
        row.id: erased_name(row.id) if row.state == "erased" else row.login for row in conn.execute(asked)
    }


def find_erased(conn: Connection, station: str, actors: Iterable[str]) -> dict[str, str]:
    """How those of these actors are called whose account was erased: by their role and the id of the account."""
    by_login: dict[str, list[str]] = {}
    for actor in set(actors):
        by_login.setdefault(erased_login(login_in(actor)), []).append(actor)
    asked = select(account.c.id, account.c.login).where(
        account.c.station == station, account.c.login.in_(by_login), account.c.state == "erased"
    )
    return {
        actor: actor.removesuffix(login_in(actor)) + erased_name(row.id)
        for row in conn.execute(asked)
        for actor in by_login[row.login]
    }


def actor_of_erased(conn: Connection, station: str, shown: str) -> str:
    """The actor as the log has it, for one that is shown as `find_erased` says; anything else as it is."""
    before, sign, account_id = shown.partition("#")
    if not sign:
        return shown
    asked = select(log.c.data).where(
        log.c.station == station, log.c.subject == account_id, log.c.kind == kind_of(AccountCreated)
    )
    data = conn.execute(asked).scalar()
    return shown if data is None else before + str(msgspec.json.decode(data)["login"])


def is_active_admin(row: Any, at_us: int) -> bool:
    """Whether this is an administrator who can sign in now."""
    return row.role == "admin" and state_of(row, at_us) == "active"


def key_refs(conn: Connection, station: str, account_id: str) -> list[str]:
    """What is sealed of the passkeys of an account, and of its names at the provider."""
    return [
        ref
        for each in (passkey, provider_link)
        for (ref,) in conn.execute(
            select(each.c.ref).where(each.c.station == station, each.c.account_id == account_id)
        )
    ]


def expiry_of(row: Any) -> Any:
    """When the account's time is over, or None."""
    return None if row.expires_at_us is None else from_us(row.expires_at_us)


def count_active(conn: Connection, station: str) -> dict[str, int]:
    """How many accounts somebody has taken up and may use, by role."""
    here = (account.c.station == station) & (account.c.state == "active")
    rows = conn.execute(select(account.c.role, func.count()).where(here).group_by(account.c.role))
    return {role: int(count) for role, count in rows}
