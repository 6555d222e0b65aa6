"""What the commands of the command line have in common: how one is added, and where its data folder lies."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

DEMO_DATA: Final = Path("data/demo")
STATION_DATA: Final = Path("data/station")

Commands = argparse._SubParsersAction


def add(
    commands: Commands[argparse.ArgumentParser], name: str, what: str, example: str
) -> argparse.ArgumentParser:
    """A command with what it does and an example of it."""
    return commands.add_parser(name, help=what, description=what, epilog=f"example: {example}")


def add_data(parser: argparse.ArgumentParser, default: Path) -> None:
    """The command takes `--data`."""
    parser.add_argument(
        "--data", type=Path, default=default, metavar="DIR", help=f"data folder (default {default})"
    )
