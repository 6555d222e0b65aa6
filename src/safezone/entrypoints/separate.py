"""`--separate`: which processes a station has when it is not one, and the socket that its web processes share."""

from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING

from safezone.core.errors import CannotStart
from safezone.core.settings import load_settings
from safezone.entrypoints.child import ChildSpec
from safezone.entrypoints.listening import listen
from safezone.entrypoints.voice import say

if TYPE_CHECKING:
    import argparse


def open_web(args: argparse.Namespace) -> socket.socket | None:
    """Where HTTP answers; None, and it was said, when it cannot be opened.

    The supervisor holds it: while a web process is started again, connections wait instead of being refused.
    """
    try:
        web = load_settings(args.data / "safezone.toml").web
        return listen(web.host, web.port if args.port is None else args.port)
    except CannotStart as problem:
        say(f"safezone: {problem.words}", "safezone.up", "ERROR")
        return None


def list_parts(args: argparse.Namespace, more: list[str], web_fd: int) -> list[ChildSpec]:
    """The processes of the station; `more` is for the one that makes it."""
    names = ["doors", "jobs", *(f"web-{number}" for number in range(1, args.web_processes + 1))]
    return [_part(args, name, [each for each in names if each != name], more, web_fd) for name in names]


def _part(args: argparse.Namespace, name: str, others: list[str], more: list[str], web_fd: int) -> ChildSpec:
    words = [sys.executable, "-m", "safezone", "node", "--data", str(args.data), "--part", name]
    if name == "doors":
        words += [*([f"--mqtt-port={args.mqtt_port}"] if args.mqtt_port is not None else []), *more]
    is_web = name.startswith("web")
    words += ["--web-fd", str(web_fd)] if is_web else []
    return ChildSpec(
        name,
        [*words, "--beside", *others],
        tells_ready=True,
        is_watched=True,
        fds=(web_fd,) if is_web else (),
    )
