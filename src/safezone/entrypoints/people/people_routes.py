"""Who may work with this station: accounts and sessions, looked after by an administrator."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from safezone.core.accounts import commands as cmds
from safezone.core.accounts.queries import AccountView, get_account, list_accounts, list_sessions
from safezone.core.desk import Desk
from safezone.core.identity import Identity, PersonRole, Reach
from safezone.entrypoints.people.account_routes import OpenSessions
from safezone.entrypoints.people.entering import own_address
from safezone.entrypoints.qr import qr_of

Name = Annotated[str, msgspec.Meta(max_length=120)]
Id = Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9_-]{1,64}$")]


class PlaceBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an account may do and until when, and who it is (sealed)."""

    role: PersonRole
    duty: Name = ""
    unit_id: Id | None = None
    partner_id: Id | None = None
    scope: Name | None = None
    reach: Reach = "station"
    """`region`: a commander who also sees the stations that have named this one as the seat of their region."""
    expires_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    full_name: Name = ""
    phone: Annotated[str, msgspec.Meta(max_length=40)] = ""


class NewAccountBody(PlaceBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An account to make; its name to sign in by is never changed."""

    login: Annotated[str, msgspec.Meta(max_length=80)]


class SuspendBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=400)]


class AccountList(msgspec.Struct, frozen=True):
    """Every account that was not erased."""

    items: list[AccountView]


class InvitedView(msgspec.Struct, frozen=True):
    """An account and the link with which its password is chosen, shown this once, also as a QR code."""

    account: AccountView
    link: str
    qr: str


def _place(body: PlaceBody) -> cmds.Place:
    return cmds.Place(
        role=body.role,
        duty=body.duty.strip(),
        unit_id=body.unit_id,
        partner_id=body.partner_id,
        scope=body.scope or None,
        reach=body.reach,
        expires_at=body.expires_at,
        person=cmds.Person(body.full_name.strip(), body.phone.strip()),
    )


async def _invited(
    desk: Desk, identity: Identity, invited: cmds.Invited, request: Request[Any, Any, Any]
) -> InvitedView:
    link = f"{own_address(desk.settings.web, request)}/enter#token={invited.secret}"
    return InvitedView(await _account(desk, identity, invited.account_id), link, qr_of(link))


async def _account(desk: Desk, identity: Identity, account_id: str) -> AccountView:
    return await desk.ask(get_account, identity, account_id, desk.clock.now(), desk.settings.accounts)


class PeopleRoutes(Controller):
    """Accounts."""

    path = "/api/v1/admin/accounts"
    tags = ("administration",)

    @get()
    async def list_accounts(
        self, identity: NamedDependency[Identity], desk: NamedDependency[Desk]
    ) -> AccountList:
        """Every account, by name; who somebody is, is for administrators alone."""
        return AccountList(await desk.ask(list_accounts, identity, desk.clock.now(), desk.settings.accounts))

    @post()
    async def create_account(
        self,
        data: JSONBody[NewAccountBody],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        request: Request[Any, Any, Any],
    ) -> InvitedView:
        """Make an account. Its link is good for three days, once."""
        invited = await desk.execute(cmds.CreateAccount(data.login, _place(data)), identity)
        return await _invited(desk, identity, invited, request)

    @get("/{account_id:str}")
    async def get_account(
        self, account_id: FromPath[str], identity: NamedDependency[Identity], desk: NamedDependency[Desk]
    ) -> AccountView:
        """One account."""
        return await _account(desk, identity, account_id)

    @post("/{account_id:str}/change", status_code=200)
    async def change_account(
        self,
        account_id: FromPath[str],
        data: JSONBody[PlaceBody],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
    ) -> AccountView:
        """Change an account. Whoever may do something else afterwards signs in anew."""
        await desk.execute(cmds.ChangeAccount(account_id, _place(data)), identity)
        return await _account(desk, identity, account_id)

    @post("/{account_id:str}/suspend", status_code=200)
    async def suspend_account(
        self,
        account_id: FromPath[str],
        data: JSONBody[SuspendBody],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
    ) -> AccountView:
        """Let nobody in with it; its sessions end at once, on every channel."""
        await desk.execute(cmds.SuspendAccount(account_id, data.reason), identity)
        return await _account(desk, identity, account_id)

    @post("/{account_id:str}/resume", status_code=200)
    async def resume_account(
        self, account_id: FromPath[str], identity: NamedDependency[Identity], desk: NamedDependency[Desk]
    ) -> AccountView:
        """Let them in again."""
        await desk.execute(cmds.ResumeAccount(account_id), identity)
        return await _account(desk, identity, account_id)

    @post("/{account_id:str}/reset", status_code=200)
    async def reset_account(
        self,
        account_id: FromPath[str],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        request: Request[Any, Any, Any],
    ) -> InvitedView:
        """A new link; password, second factor and recovery codes are worth nothing any more."""
        invited = await desk.execute(cmds.ResetAccount(account_id), identity)
        return await _invited(desk, identity, invited, request)

    @post("/{account_id:str}/erase", status_code=200)
    async def erase_account(
        self, account_id: FromPath[str], identity: NamedDependency[Identity], desk: NamedDependency[Desk]
    ) -> AccountList:
        """Forget who it was, for good. What they did stays in the log, by the name they signed in with."""
        await desk.execute(cmds.EraseAccount(account_id), identity)
        return AccountList(await desk.ask(list_accounts, identity, desk.clock.now(), desk.settings.accounts))

    @post("/{account_id:str}/end-sessions", status_code=200)
    async def end_sessions_of_account(
        self, account_id: FromPath[str], identity: NamedDependency[Identity], desk: NamedDependency[Desk]
    ) -> AccountView:
        """End every session of an account (but the one that asks)."""
        await _account(desk, identity, account_id)
        await desk.execute(cmds.EndSessions(account_id), identity)
        return await _account(desk, identity, account_id)


class SessionsRoutes(Controller):
    """Who is signed in."""

    path = "/api/v1/admin/sessions"
    tags = ("administration",)

    @get()
    async def list_sessions(
        self, identity: NamedDependency[Identity], desk: NamedDependency[Desk]
    ) -> OpenSessions:
        """Every session that is open, with browser and address."""
        return await _sessions(desk, identity)

    @post("/{credential_id:str}/end", status_code=200)
    async def end_session(
        self,
        credential_id: FromPath[str],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
    ) -> OpenSessions:
        """End a session at once."""
        identity.require("admin")
        await desk.execute(cmds.EndSession(credential_id), identity)
        return await _sessions(desk, identity)


async def _sessions(desk: Desk, identity: Identity) -> OpenSessions:
    return OpenSessions(await desk.ask(list_sessions, identity, desk.clock.now(), desk.settings.accounts))
