"""What `safezone account` is called, what it takes, and an example of each."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import get_args

from safezone.core.identity import Reach
from safezone.entrypoints.cli.options import STATION_DATA, Commands, add, add_data


def add_account(commands: Commands[argparse.ArgumentParser], roles: Sequence[str]) -> None:
    """`safezone account`."""
    account = add(
        commands,
        "account",
        "Look after people's accounts of a station that is not running; what the office does in the browser.",
        "safezone account add somchai --role admin",
    )
    does = account.add_subparsers(dest="what", required=True, metavar="WHAT")
    new = add(
        does,
        "add",
        "Make an account and print the link with which its password is chosen.",
        "safezone account add somchai --role admin",
    )
    new.add_argument("login", metavar="NAME", help="the name to sign in with")
    new.add_argument("--role", choices=[role for role in roles if role != "sos_point"], required=True)
    new.add_argument("--unit", metavar="ID", help="the patrol unit: role unit only")
    new.add_argument("--partner", metavar="ID", help="whose they are: cctv_owner and partner only")
    new.add_argument(
        "--reach",
        choices=get_args(Reach),
        default="station",
        help="region: a commander sees the figures of the region's stations too",
    )
    add_data(new, STATION_DATA)
    listed = add(does, "list", "Every account, without who it is.", "safezone account list")
    add_data(listed, STATION_DATA)
    for name, what in (
        ("suspend", "Let nobody in with an account."),
        (
            "reset",
            "Print a new link; password, second factor and recovery codes end. Also for the last administrator.",
        ),
    ):
        one = add(does, name, what, f"safezone account {name} somchai")
        one.add_argument("login", metavar="NAME")
        add_data(one, STATION_DATA)
