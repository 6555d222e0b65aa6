"""`safezone account`: people's accounts of a station that is not running, from the machine's own console."""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from safezone.core.accounts import commands as cmds
from safezone.core.accounts import refusals, rules
from safezone.core.accounts.queries import list_accounts
from safezone.core.accounts.selection import find_secrets
from safezone.core.auth import installer
from safezone.core.errors import CannotStart, Refused
from safezone.core.identity import Identity
from safezone.core.settings import Settings
from safezone.entrypoints.cli.at_rest import engine_at_rest
from safezone.entrypoints.cli.parsing import say
from safezone.entrypoints.house import Engine, House

if TYPE_CHECKING:
    Wire = Callable[[Settings], House]


def run_account(args: argparse.Namespace, wire: Wire) -> int:
    """`safezone account add|list|suspend|reset`."""
    try:
        with engine_at_rest(args.data, wire) as engine:
            _account(args, engine)
    except CannotStart as problem:
        say(problem.words)
        return 78
    except Refused as problem:
        say(problem.words)
        return 1
    return 0


def _account(args: argparse.Namespace, engine: Engine) -> None:
    who = installer(engine.desk.station)
    if args.what == "list":
        writer = csv.writer(sys.stdout)
        writer.writerow(["name", "role", "reach", "state", "second_factor", "expires"])
        auditor = Identity(who.station, "auditor", "console")
        with engine.desk.database.read() as conn:
            found = list_accounts(conn, auditor, engine.clock.now(), engine.desk.settings.accounts)
        writer.writerows([a.login, a.role, a.reach, a.state, a.has_totp, a.expires_at or ""] for a in found)
    elif args.what == "add":
        place = cmds.Place(role=args.role, unit_id=args.unit, partner_id=args.partner, reach=args.reach)
        _print_link(engine.lane.submit(cmds.CreateAccount(args.login, place), who).result())
    elif args.what == "suspend":
        engine.lane.submit(cmds.SuspendAccount(_id_of(engine, args.login), "safezone account"), who).result()
        print(f"{args.login}: ระงับแล้ว / suspended")
    else:
        _print_link(engine.lane.submit(cmds.ResetAccount(_id_of(engine, args.login)), who).result())


def _id_of(engine: Engine, login: str) -> str:
    with engine.desk.database.read() as conn:
        found = find_secrets(conn, engine.desk.station, 0, login=rules.normal_login(login) or "")
    if found.account_id is None:
        raise refusals.no_account()
    return found.account_id


def _print_link(invited: cmds.Invited) -> None:
    """The link, behind the address at which the station answers."""
    print(f"/enter#token={invited.secret}")
